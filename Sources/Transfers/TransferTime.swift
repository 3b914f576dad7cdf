#if canImport(Glibc)
import Glibc
#endif

/// Time and chance, as values, so that tests need neither.
public struct TransferTime: Sendable {
  /// Seconds that only grow.
  public var now: @Sendable () -> Double
  /// Seconds since 1970; for time stamps and the dates of servers only.
  public var unixTime: @Sendable () -> Int64
  /// Waits so many seconds; returns false as soon as the closure says that nobody waits any more.
  public var wait: @Sendable (Double, () -> Bool) -> Bool
  /// A number in 0..<1.
  public var random: @Sendable () -> Double

  public init(
    now: @escaping @Sendable () -> Double, unixTime: @escaping @Sendable () -> Int64,
    wait: @escaping @Sendable (Double, () -> Bool) -> Bool,
    random: @escaping @Sendable () -> Double
  ) {
    self.now = now
    self.unixTime = unixTime
    self.wait = wait
    self.random = random
  }

  public static let system = TransferTime(
    now: { seconds(CLOCK_MONOTONIC) },
    unixTime: { Int64(seconds(CLOCK_REALTIME)) },
    wait: { duration, isCancelled in
      let end = seconds(CLOCK_MONOTONIC) + duration
      while true {
        if isCancelled() { return false }
        let rest = end - seconds(CLOCK_MONOTONIC)
        if rest <= 0 { return true }
        poll(nil, 0, Int32(min(rest, 0.2) * 1000) + 1)
      }
    },
    random: { .random(in: 0..<1) })
}

private func seconds(_ clock: clockid_t) -> Double {
  var now = timespec()
  clock_gettime(clock, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

/// How often something is tried again, and how long it waits in between.
public struct Backoff: Sendable, Hashable {
  /// The first delay at most, which doubles from attempt to attempt.
  public var base: Double
  public var cap: Double
  public var attempts: Int

  public init(base: Double, cap: Double, attempts: Int) {
    self.base = base
    self.cap = cap
    self.attempts = attempts
  }

  /// The longest delay after so many failed attempts.
  public func ceiling(after failures: Int) -> Double {
    min(cap, base * Double(sign: .plus, exponent: min(max(failures - 1, 0), 60), significand: 1))
  }

  /// The seconds to wait after so many failed attempts: anything up to the ceiling ("full jitter"),
  /// and no less than a server has asked for.
  public func delay(after failures: Int, random: Double, retryAfter: Double? = nil) -> Double {
    max(ceiling(after: failures) * random, min(retryAfter ?? 0, cap))
  }
}

extension TransferResponse {
  /// The seconds that the server wants to be left alone.
  public func retryAfter(at unixTime: Int64) -> Double? {
    header("retry-after").flatMap { retryAfterSeconds($0, unixTime: unixTime) }
  }
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
func retryAfterSeconds(_ value: String, unixTime: Int64) -> Double? {
  if let seconds = Int(value), seconds >= 0 { return Double(seconds) }
  return unixTimeOfHTTPDate(value).map { Double(max(0, $0 - unixTime)) }
}

/// Reads a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
func unixTimeOfHTTPDate(_ text: String) -> Int64? {
  let words = text.split(separator: " ")
  let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  guard words.count == 6, words[5] == "GMT", let day = Int32(words[1]), (1...31).contains(day),
    let month = months.firstIndex(of: String(words[2])), let year = Int32(words[3]),
    (1970...9999).contains(year)
  else { return nil }
  let clock = words[4].split(separator: ":").compactMap { Int32($0) }
  guard clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]),
    (0...60).contains(clock[2])
  else { return nil }
  var parts = tm()
  parts.tm_year = year - 1900
  parts.tm_mon = Int32(month)
  parts.tm_mday = day
  parts.tm_hour = clock[0]
  parts.tm_min = clock[1]
  parts.tm_sec = clock[2]
  return Int64(timegm(&parts))
}
