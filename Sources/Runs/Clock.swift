#if canImport(Glibc)
import Glibc
#endif

/// The present time in UTC, such as `2026-01-31T23:59:59.123Z`; for display only.
func currentTimestamp() -> String {
  Timestamp.now.text
}

extension Timestamp {
  /// The moment such as `2026-01-31T23:59:59.123Z`.
  public var text: String {
    var fraction = milliseconds % 1000
    var seconds = time_t(milliseconds / 1000)
    if fraction < 0 {
      fraction += 1000
      seconds -= 1
    }
    var parts = tm()
    gmtime_r(&seconds, &parts)
    let fields = [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec].map {
      padded(Int($0), 2)
    }
    return "\(padded(Int(parts.tm_year) + 1900, 4))-\(fields[0])-\(fields[1])T\(fields[2]):"
      + "\(fields[3]):\(fields[4]).\(padded(fraction, 3))Z"
  }

  /// The moment so many hours later, as far as years have four digits.
  public func adding(hours: Double) -> Timestamp {
    let latest = 253_402_300_799_999.0
    return Timestamp(milliseconds: Int(min(Double(milliseconds) + hours * 3_600_000, latest)))
  }
}

/// Returns a new identifier that sorts by time: a prefix and a ULID.
public func makeJobID(prefix: String) -> String {
  let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  let milliseconds = UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
  var text = prefix
  for shift in stride(from: 45, through: 0, by: -5) {
    text.append(alphabet[Int(milliseconds >> UInt64(shift) & 31)])
  }
  for _ in 0..<16 { text.append(alphabet[Int.random(in: 0..<32)]) }
  return text
}

private func padded(_ number: Int, _ width: Int) -> String {
  let digits = "\(number)"
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
