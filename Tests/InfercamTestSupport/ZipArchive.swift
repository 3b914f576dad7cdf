import CZlib

/// Reads the entries of a zip file: stored or deflated, without encryption and zip64.
///
/// Source: PKWARE APPNOTE 6.3, sections 4.3.6 to 4.3.16.
struct ZipArchive {
  /// Where the central directory says an entry lies.
  struct Entry {
    let name: String
    let method: Int
    let checksum: UInt32
    let packedSize: Int
    let size: Int
    let headerOffset: Int
  }

  let entries: [Entry]
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    let end = try Self.endOfCentralDirectory(bytes)
    let count = try bytes.little(2, at: end + 10)
    var offset = try bytes.little(4, at: end + 16)
    var entries: [Entry] = []
    for _ in 0..<count {
      guard try bytes.little(4, at: offset) == 0x0201_4b50 else {
        throw Malformed("the central directory is damaged at byte \(offset)")
      }
      let nameLength = try bytes.little(2, at: offset + 28)
      let rest = try bytes.little(2, at: offset + 30) + bytes.little(2, at: offset + 32)
      let name = try bytes.range(offset + 46, nameLength)
      entries.append(
        Entry(
          name: String(decoding: name, as: UTF8.self), method: try bytes.little(2, at: offset + 10),
          checksum: UInt32(try bytes.little(4, at: offset + 16)),
          packedSize: try bytes.little(4, at: offset + 20),
          size: try bytes.little(4, at: offset + 24),
          headerOffset: try bytes.little(4, at: offset + 42)))
      offset += 46 + nameLength + rest
    }
    self.entries = entries
  }

  /// The unpacked bytes of an entry, checked against its CRC-32.
  func contents(of entry: Entry) throws -> [UInt8] {
    let header = entry.headerOffset
    guard try bytes.little(4, at: header) == 0x0403_4b50 else {
      throw Malformed("\(entry.name) has no local header")
    }
    let extra = try bytes.little(2, at: header + 26) + bytes.little(2, at: header + 28)
    let packed = try bytes.range(header + 30 + extra, entry.packedSize)
    let unpacked: [UInt8]
    switch entry.method {
    case 0: unpacked = Array(packed)
    case 8: unpacked = try Self.inflated(packed, size: entry.size, name: entry.name)
    default: throw Malformed("\(entry.name) is packed with method \(entry.method)")
    }
    guard unpacked.count == entry.size, crc32(unpacked) == entry.checksum else {
      throw Malformed("\(entry.name) does not match its checksum")
    }
    return unpacked
  }

  private static func endOfCentralDirectory(_ bytes: [UInt8]) throws -> Int {
    var offset = bytes.count - 22
    while offset >= 0 {
      if try bytes.little(4, at: offset) == 0x0605_4b50 { return offset }
      offset -= 1
    }
    throw Malformed("the file is no zip archive")
  }

  private static func inflated(
    _ packed: ArraySlice<UInt8>, size: Int, name: String
  ) throws -> [UInt8] {
    // zlib refuses an output of no bytes.
    var unpacked = [UInt8](repeating: 0, count: max(size, 1))
    var input = Array(packed)
    var stream = z_stream()
    // Negative window bits: deflate without the zlib header.
    var status = inflateInit2_(&stream, -15, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw Malformed("zlib cannot start: \(status)") }
    input.withUnsafeMutableBufferPointer { source in
      unpacked.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = CUnsignedInt(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = CUnsignedInt(target.count)
        status = inflate(&stream, Z_FINISH)
      }
    }
    inflateEnd(&stream)
    guard status == Z_STREAM_END, stream.total_out == size else {
      throw Malformed("\(name) cannot be inflated: \(status)")
    }
    return Array(unpacked.prefix(size))
  }
}

/// The CRC-32 of zip, PNG and zlib.
public func crc32(_ bytes: some Collection<UInt8>) -> UInt32 {
  let bytes = Array(bytes)
  return bytes.withUnsafeBufferPointer { buffer in
    UInt32(CZlib.crc32_z(0, buffer.baseAddress, buffer.count))
  }
}

extension [UInt8] {
  fileprivate func range(_ start: Int, _ count: Int) throws -> ArraySlice<UInt8> {
    guard start >= 0, count >= 0, start <= self.count, count <= self.count - start else {
      throw Malformed("the archive ends before byte \(start + count)")
    }
    return self[start..<start + count]
  }

  fileprivate func little(_ width: Int, at offset: Int) throws -> Int {
    try range(offset, width).reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
