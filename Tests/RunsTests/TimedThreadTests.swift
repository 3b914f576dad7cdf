import Faults
import Testing
import Workers

@testable import Runs

struct TimedThreadTests {
  @Test func `calls return their results, one after the other`() throws {
    var thread = TimedThread(AbandonedCalls())
    for number in 0..<100 {
      #expect(try thread.call(seconds: 60) { number } == number)
    }
  }

  @Test func `a call without an end is left behind, and only so many`() throws {
    let end = BoundedQueue<Int>(capacity: 1)
    var thread = TimedThread(AbandonedCalls())
    for _ in 0..<AbandonedCalls.limit {
      #expect(try thread.call(seconds: 0.001) { end.pop() } == nil)
    }
    let fault = #expect(throws: Fault.self) { try thread.call(seconds: 60) { 1 } }
    #expect(fault?.code == .storageIOError)
    end.close()
    // Those that return after all make room again.
    var result: Int?
    while result == nil { result = (try? thread.call(seconds: 60) { 1 }) ?? nil }
    #expect(result == 1)
  }
}
