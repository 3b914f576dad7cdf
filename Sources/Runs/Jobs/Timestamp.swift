#if canImport(Glibc)
import Glibc
#endif

/// A moment in UTC, in milliseconds since 1970.
public struct Timestamp: Sendable, Hashable, Comparable {
  public var milliseconds: Int

  public init(milliseconds: Int) {
    self.milliseconds = milliseconds
  }

  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int(time.tv_sec) * 1000 + time.tv_nsec / 1_000_000)
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }

  /// Reads `2026-01-31T23:59:59.123Z`; the fraction may be missing, an offset may stand for `Z`, and a
  /// date alone is its midnight in UTC (RFC 3339).
  public init?(_ text: String) {
    var rest = Array(text.utf8)[...]
    func number(_ digits: Int) -> Int? {
      let head = rest.prefix(digits)
      guard head.count == digits, head.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      rest = rest.dropFirst(digits)
      return head.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }
    func skip(_ characters: String) -> Bool {
      guard let first = rest.first, characters.utf8.contains(first) else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = number(4), skip("-"), let month = number(2), skip("-"), let day = number(2),
      (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day)
    else { return nil }
    var seconds = Self.daysSince1970(year, month, day) * 86_400
    var fraction = 0
    if !rest.isEmpty {
      guard skip("Tt "), let hour = number(2), skip(":"), let minute = number(2), skip(":"),
        let second = number(2), hour < 24, minute < 60, second <= 60
      else { return nil }
      seconds += hour * 3600 + minute * 60 + second
      if skip(".") {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        for place in 0..<3 {
          let digit = digits.dropFirst(place).first.map { Int($0) - 0x30 } ?? 0
          fraction = fraction * 10 + digit
        }
      }
      if !skip("Zz") {
        let sign = rest.first == UInt8(ascii: "-") ? 1 : -1
        guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24,
          minutes < 60
        else { return nil }
        seconds += sign * (hours * 3600 + minutes * 60)
      }
    }
    guard rest.isEmpty else { return nil }
    milliseconds = seconds * 1000 + fraction
  }

  private static func days(in month: Int, of year: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Counts from March, so that the leap day ends the year.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month > 2 ? year : year - 1
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    // A period of 400 years more keeps the year 0 from counting backwards.
    let years = year + 400
    return years * 365 + years / 4 - years / 100 + years / 400 + dayOfYear - 719_468 - 146_097
  }
}

/// Reads a duration such as `90s`, `15m`, `24h`, `1.5d` or `2w`; in seconds.
public func durationSeconds(_ text: String) -> Double? {
  let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
  guard let unit = text.last.flatMap({ units[$0] }), let value = Double(text.dropLast()),
    value >= 0, value * unit <= 1e10
  else { return nil }
  return value * unit
}
