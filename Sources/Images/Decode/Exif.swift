/// How the stored pixels must be turned to stand upright: EXIF tag 0x0112, 1...8.
///
/// The rows of the stored image are, in upright terms: 1 top, 2 top mirrored, 3 bottom mirrored,
/// 4 bottom, 5 left, 6 right, 7 right mirrored, 8 left mirrored.
public enum Orientation: Int, Sendable, Hashable, CaseIterable {
  case upright = 1
  case mirrored = 2
  case rotated180 = 3
  case flipped = 4
  case transposed = 5
  case rotated90 = 6
  case transversed = 7
  case rotated270 = 8

  /// Whether width and height change places.
  public var swapsSides: Bool { rawValue >= 5 }
}

/// Reads the orientation out of an EXIF block, which is a small TIFF file.
enum Exif {
  private static let orientationTag = 0x0112
  private static let maxEntries = 4096

  enum Finding: Equatable {
    case orientation(Orientation)
    /// No orientation, or a value outside 1...8.
    case none
    /// The directory cannot be followed.
    case broken
  }

  static func orientation(inTIFF bytes: UnsafeRawBufferPointer) -> Finding {
    var reader = ByteReader(bytes: bytes)
    if reader.has("MM\0*") {
      reader.bigEndian = true
    } else if !reader.has("II*\0") {
      return .broken
    }
    guard let directory = reader.uint32(at: 4), let entries = reader.uint16(at: directory),
      entries <= maxEntries
    else { return .broken }
    for entry in 0..<entries {
      let offset = directory + 2 + entry * 12
      guard let tag = reader.uint16(at: offset) else { return .broken }
      guard tag == orientationTag else { continue }
      return value(reader, entry: offset)
    }
    return .none
  }

  private static func value(_ reader: ByteReader, entry: Int) -> Finding {
    guard let type = reader.uint16(at: entry + 2), let count = reader.uint32(at: entry + 4),
      count >= 1
    else { return .broken }
    let stored: Int?
    switch type {
    case 1: stored = reader.uint8(at: entry + 8)
    case 3: stored = count <= 2 ? reader.uint16(at: entry + 8) : nil
    case 4: stored = count == 1 ? reader.uint32(at: entry + 8) : nil
    default: return .none
    }
    guard let stored else { return .broken }
    guard let orientation = Orientation(rawValue: stored) else { return .none }
    return .orientation(orientation)
  }
}
