import Faults

/// Walks the markers of a JPEG file up to its first scan.
enum JPEGHeader {
  private struct Frame {
    var width = 0
    var height = 0
    /// Whether the coefficients of the whole image are kept: several scans make one picture.
    var keepsCoefficients = false
    /// Sampling factors per component.
    var sampling: [(horizontal: Int, vertical: Int)] = []
  }

  private struct Walk {
    var frame: Frame?
    var exif: Exif.Finding?
    var xmp: Orientation?
    var multiPicture = false
    var icc = false
  }

  static func read(_ bytes: UnsafeRawBufferPointer) throws(Fault) -> ImageHeader.Found {
    let walk = try walk(ByteReader(bytes: bytes, bigEndian: true))
    guard let frame = walk.frame else { throw .undecodable("no JPEG frame before the first scan") }
    var warnings: [String] = []
    var orientation = Orientation.upright
    switch walk.exif {
    case .orientation(let found): orientation = found
    case .broken: warnings.append("exif_broken")
    case .some(.none), nil: orientation = walk.xmp ?? .upright
    }
    if walk.multiPicture { warnings.append("multi_picture") }
    if walk.icc { warnings.append("icc_ignored") }
    return ImageHeader.Found(
      width: frame.width, height: frame.height, orientation: orientation,
      codecBytes: codecBytes(frame, orientation), warnings: warnings,
      samples: StoredSamples(channels: frame.sampling.count), layout: .jpeg)
  }

  private static func walk(_ reader: ByteReader) throws(Fault) -> Walk {
    var walk = Walk()
    var offset = 2
    while let byte = reader.uint8(at: offset) {
      guard byte == 0xFF, let marker = reader.uint8(at: offset + 1), marker != 0xFF else {
        offset += 1
        continue
      }
      offset += 2
      if marker == 0x00 || marker == 0x01 || (0xD0...0xD8).contains(marker) { continue }
      if marker == 0xD9 { throw .undecodable("the JPEG ends before its first scan") }
      guard let length = reader.uint16(at: offset), length >= 2,
        let segment = reader.slice(offset + 2, length - 2)
      else { throw .undecodable("a JPEG marker reaches behind the end", reason: "truncated") }
      if marker == 0xDA {
        if let frame = walk.frame, Int(segment.first ?? 0) < frame.sampling.count {
          walk.frame?.keepsCoefficients = true
        }
        return walk
      }
      try read(marker, ByteReader(bytes: segment, bigEndian: true), into: &walk)
      offset += length
    }
    throw .undecodable("the JPEG ends before its first scan", reason: "truncated")
  }

  private static func read(
    _ marker: Int, _ segment: ByteReader, into walk: inout Walk
  ) throws(Fault) {
    switch marker {
    case 0xC0...0xC2, 0xC9, 0xCA:
      if walk.frame == nil { walk.frame = try frame(segment, progressive: marker & 3 == 2) }
    case 0xC3, 0xC5...0xC7, 0xCB, 0xCD...0xCF:
      throw .undecodable("lossless and hierarchical JPEG are not supported", reason: "unsupported")
    case 0xE1:
      if segment.has("Exif\0"), walk.exif == nil, let block = segment.slice(6, segment.count - 6) {
        walk.exif = Exif.orientation(inTIFF: block)
      } else if segment.has("http://ns.adobe.com/xap/1.0/\0") {
        walk.xmp = walk.xmp ?? XMP.orientation(in: segment.bytes)
      }
    case 0xE2:
      if segment.has("MPF\0") { walk.multiPicture = true }
      if segment.has("ICC_PROFILE\0") { walk.icc = true }
    default: break
    }
  }

  private static func frame(_ segment: ByteReader, progressive: Bool) throws(Fault) -> Frame {
    guard let precision = segment.uint8(at: 0), let height = segment.uint16(at: 1),
      let width = segment.uint16(at: 3), let components = segment.uint8(at: 5)
    else { throw .undecodable("the JPEG frame is incomplete", reason: "truncated") }
    guard precision == 8 else {
      throw .undecodable("JPEG with \(precision) bits is not supported", reason: "unsupported")
    }
    guard [1, 3, 4].contains(components) else {
      throw .undecodable("JPEG with \(components) components has no colour rule")
    }
    var frame = Frame(width: width, height: height, keepsCoefficients: progressive)
    for component in 0..<components {
      guard let factors = segment.uint8(at: 7 + component * 3), (1...4).contains(factors >> 4),
        (1...4).contains(factors & 15)
      else { throw .undecodable("the JPEG frame has impossible sampling factors") }
      frame.sampling.append((factors >> 4, factors & 15))
    }
    return frame
  }

  /// libjpeg keeps every coefficient of an image in several scans, 128 bytes for each 8 x 8 block.
  private static func codecBytes(_ frame: Frame, _ orientation: Orientation) -> Int {
    let rows = frame.width * 4 * 64 + (1 << 16)
    guard frame.keepsCoefficients else { return rows }
    let widest = frame.sampling.map(\.horizontal).max() ?? 1
    let tallest = frame.sampling.map(\.vertical).max() ?? 1
    let columns = (frame.width + 8 * widest - 1) / (8 * widest)
    let lines = (frame.height + 8 * tallest - 1) / (8 * tallest)
    let blocks = frame.sampling.reduce(0) { $0 + columns * $1.horizontal * lines * $1.vertical }
    return rows + blocks * 128
  }
}
