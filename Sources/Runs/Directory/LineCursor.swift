#if canImport(Glibc)
import Glibc
#endif

/// A place in bytes that are read from the front.
struct LineCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  init(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  var left: Int { bytes.count - offset }

  /// Passes a text; false when something else stands here.
  mutating func skip(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard count <= left, let start = bytes.baseAddress,
      memcmp(start + offset, text.utf8Start, count) == 0
    else { return false }
    offset += count
    return true
  }

  /// Reads a decimal number without a sign; `nil` when none stands here, or one beyond 64 bits.
  mutating func number() -> Int? {
    var value = 0
    let start = offset
    while offset < bytes.count, case let digit = bytes[offset] &- 0x30, digit <= 9 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(digit))
      if overflow || carry { return nil }
      value = sum
      offset += 1
    }
    return offset > start ? value : nil
  }

  /// Reads as many bytes as text; `nil` when there are fewer.
  mutating func text(_ count: Int) -> String? {
    guard count <= left else { return nil }
    defer { offset += count }
    return String(
      decoding: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]), as: UTF8.self)
  }

  /// Reads a JSON string without escapes up to its closing quote, and passes that.
  mutating func plainString() -> String? {
    guard let end = bytes[offset...].firstIndex(where: { $0 == 0x22 || $0 == 0x5C }),
      bytes[end] == 0x22
    else { return nil }
    defer { offset += 1 }
    return text(end - offset)
  }
}

extension UnsafeRawBufferPointer {
  /// The place of the next newline.
  func newline(from offset: Int) -> Int? {
    guard let start = baseAddress, offset < count,
      let found = memchr(start + offset, 0x0A, count - offset)
    else { return nil }
    return UnsafeRawPointer(found) - start
  }
}
