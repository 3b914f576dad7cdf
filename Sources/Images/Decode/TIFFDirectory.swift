/// The byte order and the word size of a TIFF file.
struct TIFFFile {
  let reader: ByteReader
  let isBig: Bool

  init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = ByteReader(bytes: bytes)
    reader.bigEndian = reader.has("MM")
    guard reader.bigEndian || reader.has("II"), let version = reader.uint16(at: 2) else {
      return nil
    }
    isBig = version == 43
    if isBig, reader.uint16(at: 4) != 8 { return nil }
    self.reader = reader
  }

  var firstDirectory: Int? { isBig ? reader.uint64(at: 8) : reader.uint32(at: 4) }

  func word(at offset: Int) -> Int? {
    isBig ? reader.uint64(at: offset) : reader.uint32(at: offset)
  }
}

/// One directory of a TIFF file, with bounds-checked access to its integer fields.
struct TIFFDirectory {
  private static let maxEntries = 4096

  let file: TIFFFile
  /// Position in the chain.
  let index: Int
  /// Offset of the next directory, 0 at the end.
  let next: Int
  private let entries: [Int: Int]

  /// Nil when the directory does not lie inside the file.
  init?(_ file: TIFFFile, at offset: Int, index: Int) {
    let reader = file.reader
    let countSize = file.isBig ? 8 : 2
    let entrySize = file.isBig ? 20 : 12
    guard offset < reader.count,
      let count = file.isBig ? reader.uint64(at: offset) : reader.uint16(at: offset),
      count <= Self.maxEntries
    else { return nil }
    var entries: [Int: Int] = [:]
    for entry in 0..<count {
      let position = offset + countSize + entry * entrySize
      guard let tag = reader.uint16(at: position), reader.slice(position, entrySize) != nil else {
        return nil
      }
      if entries[tag] == nil { entries[tag] = position }
    }
    self.file = file
    self.index = index
    self.entries = entries
    next = file.word(at: offset + countSize + count * entrySize) ?? 0
  }

  /// Whether this is a thumbnail or a mask of another image (NewSubfileType, SubfileType).
  var isReduced: Bool {
    if let kind = value(254) { return kind & 0b101 != 0 }
    return value(255) == 2
  }

  /// The first value of an integer field.
  func value(_ tag: Int) -> Int? {
    values(tag, atMost: nil)?.first
  }

  /// The values of an integer field; nil when it is absent, longer than allowed or broken.
  ///
  /// Without a bound only the first value is read.
  func values(_ tag: Int, atMost limit: Int?) -> [Int]? {
    let reader = file.reader
    guard let entry = entries[tag], let type = reader.uint16(at: entry + 2),
      let count = file.word(at: entry + 4), count > 0, limit.map({ count <= $0 }) ?? true
    else { return nil }
    let sizes = [1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8]
    guard let size = sizes[type] else { return nil }
    let inline = file.isBig ? 8 : 4
    let field = entry + (file.isBig ? 12 : 8)
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { return nil }
    guard let start = bytes <= inline ? field : file.word(at: field), start < reader.count else {
      return nil
    }
    var values: [Int] = []
    for position in 0..<(limit == nil ? 1 : count) {
      guard let value = read(size, at: start + position * size) else { return nil }
      values.append(value)
    }
    return values
  }

  private func read(_ size: Int, at offset: Int) -> Int? {
    switch size {
    case 1: file.reader.uint8(at: offset)
    case 2: file.reader.uint16(at: offset)
    case 4: file.reader.uint32(at: offset)
    default: file.reader.uint64(at: offset)
    }
  }
}
