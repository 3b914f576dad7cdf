import InfercamTestSupport
import Testing

@testable import Transfers

struct BackoffTests {
  let backoff = Backoff(base: 5, cap: 86_400, attempts: 20)

  @Test func `ceilings double up to the cap`() {
    #expect((1...5).map { backoff.ceiling(after: $0) } == [5, 10, 20, 40, 80])
    #expect(backoff.ceiling(after: 15) == 81_920)
    #expect(backoff.ceiling(after: 16) == 86_400)
    #expect(backoff.ceiling(after: 5000) == 86_400)
  }

  @Test func `a delay is anything up to the ceiling and what the server asks`() {
    #expect(backoff.delay(after: 3, random: 0) == 0)
    #expect(backoff.delay(after: 3, random: 0.5) == 10)
    #expect(backoff.delay(after: 1, random: 0.5, retryAfter: 120) == 120)
    #expect(backoff.delay(after: 10, random: 0.999, retryAfter: 1) > 2000)
    #expect(backoff.delay(after: 1, random: 0.5, retryAfter: 1e9) == 86_400)
  }

  @Test(arguments: [
    ("120", 120.0), ("0", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
    ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
  ])
  func `the time a server asks for is read`(text: String, seconds: Double) {
    #expect(retryAfterSeconds(text, unixTime: 784_111_740) == seconds)
  }

  @Test(arguments: ["", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "1 2 3 4 5 6"])
  func `anything else asks for nothing`(text: String) {
    #expect(retryAfterSeconds(text, unixTime: 0) == nil)
  }
}
