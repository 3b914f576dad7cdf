import Faults

/// Decodes the pixels of a BMP file into upright RGB.
enum BMPDecoder {
  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ layout: BMPLayout, into pixels: PixelBuffer, pads: Bool
  ) throws(Fault) -> DecodedImage.Outcome {
    let stored = UnsafeRawBufferPointer(rebasing: bytes[min(layout.pixelOffset, bytes.count)...])
    guard layout.compression == .none else {
      return try decodeRuns(stored, layout, into: pixels, pads: pads)
    }
    let rowBytes = (layout.width * layout.bits + 7) / 8
    let whole = stored.count < rowBytes ? 0 : (stored.count - rowBytes) / layout.stride + 1
    let rows = min(whole, layout.height)
    guard rows == layout.height || pads else {
      throw .undecodable("the BMP ends early", reason: "truncated", row: rows)
    }
    let unpacker = try BMPUnpacker(layout)
    for row in 0..<rows {
      let start = row * layout.stride
      let source = UnsafeRawBufferPointer(rebasing: stored[start..<start + rowBytes])
      let y = layout.topDown ? row : layout.height - 1 - row
      let target = (pixels.base + y * pixels.rowBytes).assumingMemoryBound(to: UInt8.self)
      guard unpacker.unpack(source, into: target, width: layout.width) else {
        throw .undecodable("a pixel's palette index lies outside the palette", row: row)
      }
    }
    let end = layout.pixelOffset + rows * layout.stride
    return DecodedImage.Outcome(
      partial: rows < layout.height, consumed: min(max(end, layout.claimedBytes), bytes.count))
  }

  /// Run lengths: pixels that no run reaches have index 0.
  private static func decodeRuns(
    _ stored: UnsafeRawBufferPointer, _ layout: BMPLayout, into pixels: PixelBuffer, pads: Bool
  ) throws(Fault) -> DecodedImage.Outcome {
    var runs = BMPRuns(stored, layout)
    let complete = runs.decode()
    guard complete || pads else {
      throw .undecodable("the BMP ends early", reason: "truncated", row: runs.y)
    }
    var byteLayout = layout
    byteLayout.bits = 8
    let unpacker = try BMPUnpacker(byteLayout)
    let known = runs.indices.withUnsafeBytes { indices in
      (0..<layout.height).allSatisfy { row in
        let start = row * layout.width
        let source = UnsafeRawBufferPointer(rebasing: indices[start..<start + layout.width])
        let y = layout.topDown ? row : layout.height - 1 - row
        let target = (pixels.base + y * pixels.rowBytes).assumingMemoryBound(to: UInt8.self)
        return unpacker.unpack(source, into: target, width: layout.width)
      }
    }
    guard known else { throw .undecodable("a pixel's palette index lies outside the palette") }
    return DecodedImage.Outcome(partial: !complete, consumed: nil)
  }
}

/// Turns one stored row into RGB.
struct BMPUnpacker {
  private let bits: Int
  private let palette: [UInt8]
  private let masks: [UInt32]
  /// Per channel: the value of every masked sample of at most 8 bits.
  private let scaled: [[UInt8]]

  init(_ layout: BMPLayout) throws(Fault) {
    bits = layout.bits
    palette = layout.palette
    masks = layout.masks
    scaled = layout.masks.map { mask in
      let top = mask == 0 ? 0 : mask >> UInt32(mask.trailingZeroBitCount)
      guard top <= 255 else { return [] }
      return (0...top).map { top == 0 ? 0 : UInt8($0 * 255 / top) }
    }
  }

  /// Unpacks `width` pixels; false when an index has no colour.
  func unpack(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>, width: Int
  ) -> Bool {
    switch bits {
    case 24 where masks.isEmpty:
      for x in 0..<width {
        target[x * 3] = source[x * 3 + 2]
        target[x * 3 + 1] = source[x * 3 + 1]
        target[x * 3 + 2] = source[x * 3]
      }
      return true
    case 16, 24, 32:
      unpackMasked(source, into: target, width: width)
      return true
    default:
      return unpackIndices(source, into: target, width: width)
    }
  }

  private func unpackIndices(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>, width: Int
  ) -> Bool {
    let perByte = 8 / bits
    let mask = UInt8(truncatingIfNeeded: (1 << bits) - 1)
    let colours = palette.count / 3
    var known = true
    palette.withUnsafeBufferPointer { palette in
      for x in 0..<width {
        let shift = 8 - bits - x % perByte * bits
        let index = Int(source[x / perByte] >> UInt8(shift) & mask)
        guard index < colours else {
          known = false
          return
        }
        for channel in 0..<3 { target[x * 3 + channel] = palette[index * 3 + channel] }
      }
    }
    return known
  }

  private func unpackMasked(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>, width: Int
  ) {
    let size = bits / 8
    for x in 0..<width {
      var pixel: UInt32 = 0
      for byte in 0..<size { pixel |= UInt32(source[x * size + byte]) << UInt32(8 * byte) }
      for channel in 0..<3 {
        target[x * 3 + channel] = sample(pixel & masks[channel], channel)
      }
    }
  }

  private func sample(_ masked: UInt32, _ channel: Int) -> UInt8 {
    let mask = masks[channel]
    guard mask != 0 else { return 0 }
    let shift = UInt32(mask.trailingZeroBitCount)
    let value = masked >> shift
    if !scaled[channel].isEmpty { return scaled[channel][Int(value)] }
    return UInt8(UInt64(value) * 255 / UInt64(mask >> shift))
  }
}

/// Expands RLE4 and RLE8 into one index per pixel, in stored order.
struct BMPRuns {
  private let stored: UnsafeRawBufferPointer
  private let width: Int
  private let height: Int
  private let nibbles: Bool
  private(set) var indices: [UInt8]
  private var x = 0
  private(set) var y = 0
  private var offset = 0

  init(_ stored: UnsafeRawBufferPointer, _ layout: BMPLayout) {
    self.stored = stored
    width = layout.width
    height = layout.height
    nibbles = layout.compression == .rle4
    indices = [UInt8](repeating: 0, count: layout.width * layout.height)
  }

  /// Expands everything; false when the bytes end before the end mark and the last row.
  mutating func decode() -> Bool {
    while y < height {
      guard offset + 2 <= stored.count else { return false }
      let count = Int(stored[offset])
      let value = stored[offset + 1]
      offset += 2
      if count > 0 {
        repeats(value, count)
        continue
      }
      switch value {
      case 0:
        x = 0
        y += 1
      case 1: return true
      case 2:
        guard offset + 2 <= stored.count else { return false }
        x += Int(stored[offset])
        y += Int(stored[offset + 1])
        offset += 2
      default:
        guard copy(Int(value)) else { return false }
      }
    }
    return true
  }

  /// Writes what lies inside the row of a run: a run behind its end costs nothing.
  private mutating func repeats(_ value: UInt8, _ count: Int) {
    let visible = y < height ? max(min(count, width - x), 0) : 0
    for index in 0..<visible {
      indices[y * width + x + index] = nibbles ? nibble(value, index) : value
    }
    x += count
  }

  private mutating func copy(_ count: Int) -> Bool {
    let bytes = nibbles ? (count + 1) / 2 : count
    guard offset + bytes <= stored.count else { return false }
    for index in 0..<count {
      let byte = stored[offset + (nibbles ? index / 2 : index)]
      put(nibbles ? nibble(byte, index) : byte)
    }
    offset += bytes + bytes % 2
    return true
  }

  private func nibble(_ byte: UInt8, _ index: Int) -> UInt8 {
    index % 2 == 0 ? byte >> 4 : byte & 15
  }

  private mutating func put(_ index: UInt8) {
    if x < width, y < height { indices[y * width + x] = index }
    x += 1
  }
}
