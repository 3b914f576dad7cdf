import Testing

@testable import Runs

struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01", 0), ("1970-01-01T00:00:00.001Z", 1), ("2000-02-29T12:00:00Z", 951_825_600_000),
    ("2026-01-31T23:59:59.123Z", 1_769_903_999_123), ("1969-12-31T23:59:59Z", -1_000),
    ("2026-02-01T01:59:59.1239+02:00", 1_769_903_999_123),
    ("2026-01-31t18:29:59.123-05:30", 1_769_903_999_123), ("2100-03-01", 4_107_542_400_000),
  ])
  func `times of RFC 3339 are read`(text: String, milliseconds: Int) {
    #expect(Timestamp(text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "2026", "2026-13-01", "2026-00-01", "2026-02-29", "2100-02-29", "2026-01-01T", "26-01-01",
    "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01Z",
    "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+1:00",
  ])
  func `what is no time is refused`(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func `what the program writes it can read`() throws {
    let before = Timestamp.now
    let written = try #require(Timestamp(currentTimestamp()))
    #expect(written >= before && written <= Timestamp.now)
  }

  @Test(
    arguments: [
      ("90s", 90.0), ("15m", 900), ("24h", 86_400), ("1.5d", 129_600), ("2w", 1_209_600),
      ("0s", 0), ("-1h", nil), ("h", nil), ("5", nil), ("5y", nil), ("1e99w", nil), ("nanh", nil),
    ] as [(String, Double?)])
  func `durations have a unit`(text: String, seconds: Double?) {
    #expect(durationSeconds(text) == seconds)
  }

  @Test func `a cursor is taken back by the list that gave it and by no other`() throws {
    let cursor = PageCursor.seal("some place ü", of: "list")
    #expect(try PageCursor.open(cursor, of: "list") == "some place ü")
    #expect(throws: (any Error).self) { try PageCursor.open(cursor, of: "another") }
    #expect(throws: (any Error).self) { try PageCursor.open(cursor + "=", of: "list") }
    #expect(throws: (any Error).self) { try PageCursor.open("", of: "list") }
  }
}
