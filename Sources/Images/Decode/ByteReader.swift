/// Reads integers from untrusted bytes; every read outside them is nil.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  var bigEndian = false

  var count: Int { bytes.count }

  func uint8(at offset: Int) -> Int? {
    guard offset >= 0, offset < bytes.count else { return nil }
    return Int(bytes[offset])
  }

  func uint16(at offset: Int) -> Int? {
    guard let value = load(UInt16.self, at: offset) else { return nil }
    return Int(bigEndian ? value.byteSwapped : value)
  }

  func uint32(at offset: Int) -> Int? {
    guard let value = load(UInt32.self, at: offset) else { return nil }
    return Int(bigEndian ? value.byteSwapped : value)
  }

  func int32(at offset: Int) -> Int? {
    guard let value = load(UInt32.self, at: offset) else { return nil }
    return Int(Int32(bitPattern: bigEndian ? value.byteSwapped : value))
  }

  /// Nil also for values above `Int.max`.
  func uint64(at offset: Int) -> Int? {
    guard let value = load(UInt64.self, at: offset) else { return nil }
    return Int(exactly: bigEndian ? value.byteSwapped : value)
  }

  /// The bytes of `range`, nil unless all of them exist.
  func slice(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer? {
    guard offset >= 0, length >= 0, offset <= bytes.count, length <= bytes.count - offset else {
      return nil
    }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
  }

  /// Whether the bytes at `offset` spell `text`.
  func has(_ text: StaticString, at offset: Int = 0) -> Bool {
    guard let found = slice(offset, text.utf8CodeUnitCount) else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(found) }
  }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type, at offset: Int) -> T? {
    guard offset >= 0, offset <= bytes.count, bytes.count - offset >= MemoryLayout<T>.size else {
      return nil
    }
    return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}
