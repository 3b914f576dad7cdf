import Faults

/// Walks the chunks of a PNG file without inflating any.
enum PNGHeader {
  private static let maxChunks = 100_000
  private static let maxExpansion = 1032

  private struct Walk {
    var width = 0
    var height = 0
    var depth = 0
    var colour = 0
    var interlaced = false
    var compressedBytes = 0
    var exif: Exif.Finding?
    var xmp: Orientation?
    var icc = false
    /// Offset behind IEND; nil while it was not met.
    var end: Int?

    var samples: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colour] ?? 0 }
    var rawBytes: Int { width * height * samples * depth / 8 }
  }

  static func read(
    _ bytes: UnsafeRawBufferPointer, options: DecodeOptions
  ) throws(Fault) -> ImageHeader.Found {
    let pads = options.truncated == .pad
    let limits = options.limits
    let walk = try walk(ByteReader(bytes: bytes, bigEndian: true), limits, pads: pads)
    var warnings: [String] = []
    var orientation = Orientation.upright
    switch walk.exif {
    case .orientation(let found): orientation = found
    case .broken: warnings.append("exif_broken")
    case .some(.none), nil: orientation = walk.xmp ?? .upright
    }
    if walk.icc { warnings.append("icc_ignored") }
    if let end = walk.end, end < bytes.count {
      warnings.append("trailing_bytes:\(bytes.count - end)")
    }
    if walk.width <= limits.maxSide, walk.height <= limits.maxSide, !pads,
      walk.rawBytes > maxExpansion * walk.compressedBytes + 64
    {
      throw .undecodable("the PNG holds too few bytes for \(walk.width) x \(walk.height) pixels")
    }
    let whole = walk.interlaced && (orientation != .upright || walk.colour == 3)
    let side = min(walk.width, limits.maxSide)
    let codecBytes =
      (1 << 18) + side * 64 + (whole ? side * min(walk.height, limits.maxSide) * 3 : 0)
    return ImageHeader.Found(
      width: walk.width, height: walk.height, orientation: orientation,
      codecBytes: codecBytes, warnings: warnings,
      samples: StoredSamples(channels: walk.samples, bitDepth: walk.depth), layout: .png)
  }

  private static func walk(
    _ reader: ByteReader, _ limits: DecodeLimits, pads: Bool
  ) throws(Fault) -> Walk {
    var walk = Walk()
    var offset = 8
    for index in 0..<maxChunks {
      guard let length = reader.uint32(at: offset), length <= Int(Int32.max),
        let type = reader.slice(offset + 4, 4), let body = reader.slice(offset + 8, length),
        reader.slice(offset + 8 + length, 4) != nil
      else {
        if pads, walk.width > 0, walk.compressedBytes > 0 || reader.has("IDAT", at: offset + 4) {
          return walk
        }
        throw .undecodable("the PNG ends inside a chunk", reason: "truncated")
      }
      if index == 0 {
        guard reader.has("IHDR", at: offset + 4) else {
          throw .undecodable("the PNG does not start with IHDR")
        }
        try readHeader(ByteReader(bytes: body, bigEndian: true), into: &walk)
        // What the header alone decides comes before damage in what follows.
        try limits.check(width: walk.width, height: walk.height)
      } else {
        try read(ByteReader(bytes: type), body, ByteReader(bytes: body, bigEndian: true), &walk)
      }
      if reader.has("eXIf", at: offset + 4) {
        let covered = UnsafeRawBufferPointer(
          rebasing: reader.bytes[offset + 4..<offset + 8 + length])
        let intact = reader.uint32(at: offset + 8 + length) == Int(CRC32.of(covered))
        walk.exif = intact ? Exif.orientation(inTIFF: body) : .broken
      }
      offset += 12 + length
      if reader.has("IEND", at: offset - 8 - length) {
        walk.end = offset
        return walk
      }
    }
    throw .undecodable("the PNG has more than \(maxChunks) chunks")
  }

  private static func readHeader(_ body: ByteReader, into walk: inout Walk) throws(Fault) {
    guard body.count == 13, let width = body.uint32(at: 0), let height = body.uint32(at: 4),
      let depth = body.uint8(at: 8), let colour = body.uint8(at: 9),
      let interlace = body.uint8(at: 12)
    else { throw .undecodable("the PNG's IHDR has the wrong length") }
    let depths: [Int: [Int]] = [
      0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16],
    ]
    guard depths[colour]?.contains(depth) == true, interlace <= 1 else {
      throw .undecodable("the PNG has colour type \(colour) with \(depth) bits")
    }
    walk.width = width
    walk.height = height
    walk.depth = depth
    walk.colour = colour
    walk.interlaced = interlace == 1
  }

  private static func read(
    _ type: ByteReader, _ raw: UnsafeRawBufferPointer, _ body: ByteReader, _ walk: inout Walk
  ) throws(Fault) {
    if type.has("IHDR") { throw .undecodable("the PNG has two headers") }
    if type.has("acTL") {
      throw Fault(
        .imageAnimatedNotSupported, "the PNG is animated: extract the frame you mean",
        details: ["sniffed": .string("apng")])
    }
    if type.has("IDAT") { walk.compressedBytes += raw.count }
    if type.has("iCCP") { walk.icc = true }
    if type.has("iTXt"), body.has("XML:com.adobe.xmp\0\0") { walk.xmp = XMP.orientation(in: raw) }
  }
}
