/// Finds `tiff:Orientation` in an XMP packet, which counts where EXIF gives no orientation.
enum XMP {
  private static let key = Array("tiff:Orientation".utf8)

  static func orientation(in bytes: UnsafeRawBufferPointer) -> Orientation? {
    guard bytes.count > key.count + 2 else { return nil }
    var offset = 0
    while offset + key.count + 2 < bytes.count {
      defer { offset += 1 }
      guard bytes[offset] == key[0], bytes[offset..<offset + key.count].elementsEqual(key) else {
        continue
      }
      return value(bytes, at: offset + key.count)
    }
    return nil
  }

  /// The digit of `="6"` or `>6`.
  private static func value(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Orientation? {
    var digit = offset
    if bytes[offset] == UInt8(ascii: "="), bytes[offset + 1] == UInt8(ascii: "\"") {
      digit += 2
    } else if bytes[offset] == UInt8(ascii: ">") {
      digit += 1
    } else {
      return nil
    }
    guard digit < bytes.count, (0x31...0x38).contains(bytes[digit]) else { return nil }
    return Orientation(rawValue: Int(bytes[digit]) - 0x30)
  }
}
