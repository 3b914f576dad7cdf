import Faults
import Images
import Synchronization

/// Small limits, so that time goes into parsing and not into pixels.
private let options: DecodeOptions = {
  var options = DecodeOptions()
  options.limits.maxSide = 2048
  options.limits.maxPixels = 1 << 18
  options.limits.maxCodecBytes = 32 << 20
  options.limits.cpuSeconds = 1
  return options
}()

/// Decodes strictly, and with rows that are missing made black; a page is chosen now and then.
func decodeImage(_ bytes: UnsafeRawBufferPointer) {
  var options = options
  for truncated in [DecodeOptions.Truncated.fail, .pad] {
    options.truncated = truncated
    decode(bytes, options)
  }
  options.page = Int(bytes.last ?? 0) % 4
  decode(bytes, options)
}

/// Decodes a JPEG at its own size and at fractions of it.
func decodeJPEG(_ bytes: UnsafeRawBufferPointer) {
  decodeImage(bytes)
  var options = options
  // Enough for coefficients to be kept in huge pages.
  options.limits.maxPixels = 1 << 19
  options.mode = .fast
  for truncated in [DecodeOptions.Truncated.fail, .pad] {
    options.truncated = truncated
    decode(bytes, options, shrink: 8)
  }
  decode(bytes, options, shrink: 2)
  compareViews(bytes)
}

/// What a model sees is the same whether all of a JPEG becomes pixels or only that part.
private func compareViews(_ bytes: UnsafeRawBufferPointer) {
  guard let header = try? ImageHeader.read(bytes, options: options),
    let geometry = try? InputGeometry(
      upright: header.uprightSize, input: PixelSize(width: 16, height: 16), resize: .shortSide(20),
      crop: .center)
  else { return }
  let whole = Result { () throws(Fault) in
    try DecodedImage.decode(bytes, header: header, options: options).pixels
      .modelView(geometry)
  }
  let view = Result { () throws(Fault) in
    try DecodedView.decode(
      bytes, header: header, options: options, geometry: geometry, filter: .bilinear)?.view
  }
  switch (whole, view) {
  case (.success(let whole), .success(let view)):
    precondition(view?.bytes == whole.bytes)
  case (.failure(let whole), .failure(let view)):
    precondition(whole.code == view.code)
  case (.failure(let fault), .success), (.success, .failure(let fault)):
    // Which of the two takes too long is up to the machine.
    precondition(fault.details["reason"] == .string("deadline"), fault.message)
  }
}

private func decode(
  _ bytes: UnsafeRawBufferPointer, _ options: DecodeOptions, shrink: Int = 1
) {
  do throws(Fault) {
    let header = try ImageHeader.read(bytes, options: options)
    let image = try DecodedImage.decode(bytes, header: header, options: options, shrink: shrink)
    // Every pixel is read, so that memory that was never written is found.
    image.pixels.withBytes { pixels in
      precondition(pixels.count == image.pixels.width * image.pixels.height * 3)
      sum.wrappingAdd(pixels.reduce(0) { $0 &+ Int($1) }, ordering: .relaxed)
    }
  } catch {
    precondition(!error.message.isEmpty)
  }
}

/// Keeps the pixels' sum, so that reading them is not optimised away.
private let sum = Atomic(0)

/// Decodes a PNG as it is, and with the checksums of its chunks put right.
func decodePNG(_ bytes: UnsafeRawBufferPointer) {
  decodeImage(bytes)
  var repaired = Array(bytes)
  guard repairChecksums(&repaired) else { return }
  repaired.withUnsafeBytes { decodeImage($0) }
}

/// Writes the right checksum behind every whole chunk; false when all were right.
private func repairChecksums(_ png: inout [UInt8]) -> Bool {
  var changed = false
  var offset = 8
  while offset + 12 <= png.count {
    let length = png[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
    let end = offset + 8 + length
    guard end + 4 <= png.count else { break }
    let crc = crc32(png[offset + 4..<end])
    for byte in 0..<4 {
      let wanted = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * byte))
      if png[end + byte] != wanted { changed = true }
      png[end + byte] = wanted
    }
    offset = end + 4
  }
  return changed
}

private let crcTable: [UInt32] = (0..<256).map { byte in
  (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
}

func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  ~bytes.reduce(~0) { crc, byte in
    crc >> 8 ^ crcTable[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
  }
}

/// Reads the bytes as the EXIF block and as the XMP packet of a JPEG, and as the EXIF of a PNG.
func readOrientation(_ bytes: UnsafeRawBufferPointer) {
  let block = Array(bytes.prefix(65_000))
  for name in ["Exif\0\0", "http://ns.adobe.com/xap/1.0/\0", "MPF\0"] {
    let segment = Array(name.utf8) + block
    let length = segment.count + 2
    var file: [UInt8] = [0xFF, 0xD8, 0xFF, name == "MPF\0" ? 0xE2 : 0xE1]
    file += [UInt8(length >> 8), UInt8(length & 255)] + segment
    file += [0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]
    readHeader(file)
  }
  var png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  png += chunk("IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]) + chunk("eXIf", block)
  png += chunk("iTXt", Array("XML:com.adobe.xmp\0\0\0\0\0".utf8) + block)
  readHeader(
    png + chunk("IDAT", [0x78, 1, 1, 2, 0, 0xFD, 0xFF, 0, 0, 0, 2, 0, 1]) + chunk("IEND", []))
}

private func readHeader(_ file: [UInt8]) {
  let header = file.withUnsafeBytes { bytes in
    try? ImageHeader.read(bytes, options: options)
  }
  precondition(header.map { (1...8).contains($0.orientation.rawValue) } ?? true)
}

private func chunk(_ type: String, _ body: [UInt8]) -> [UInt8] {
  let named = Array(type.utf8) + body
  return bigEndian(UInt32(body.count)) + named + bigEndian(crc32(named))
}

private func bigEndian(_ value: UInt32) -> [UInt8] {
  withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
