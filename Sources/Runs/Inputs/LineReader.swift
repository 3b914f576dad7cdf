import Digests
public import Faults
public import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Reads a file or the standard input line by line.
///
/// Lines end in one byte, which is not part of them; before a line feed one carriage return is not
/// either. A byte order mark at the start is skipped.
public struct LineReader: ~Copyable {
  /// The longest line that is read.
  public static let lineLimit = 1 << 20

  /// Which lines may be longer than others.
  struct LongLines {
    /// What such a line holds in its first `lineLimit` bytes.
    var marker: [UInt8]
    var limit: Int
  }

  let isStandardInput: Bool
  /// Keeps `number` open; `nil` for the standard input.
  private let file: Descriptor?
  private let number: Int32
  private let name: String
  private let separator: UInt8
  private let longLines: LongLines?
  private let code: Fault.Code
  private var buffer: [UInt8] = []
  private var offset = 0
  /// From where on the buffer holds no separator that has been found.
  private var searched = 0
  private var isAtEnd = false
  private var hash = SHA256()
  /// Where the buffer starts in the file.
  private var bufferOffset = 0
  /// The number of the line read last, from 1.
  public private(set) var line = 0
  /// Where the line read last starts in the file.
  private(set) var lineOffset = 0

  /// - Parameters:
  ///   - path: `-` stands for the standard input.
  ///   - code: of the fault of a line that is too long.
  public init(_ path: RawPath, separator: UInt8 = 0x0A) throws(Fault) {
    try self.init(path, separator: separator, longLines: nil, code: .manifestInvalid)
  }

  init(
    _ path: RawPath, separator: UInt8 = 0x0A, longLines: LongLines?, code: Fault.Code
  ) throws(Fault) {
    isStandardInput = path.bytes == [UInt8(ascii: "-")]
    self.name = isStandardInput ? "the standard input" : path.display
    self.separator = separator
    self.longLines = longLines
    self.code = code
    if isStandardInput {
      self.file = nil
      self.number = STDIN_FILENO
    } else {
      let file = try Descriptor(opening: path, O_RDONLY | O_NOCTTY)
      self.number = file.number
      self.file = consume file
    }
  }

  /// Returns the next line; `nil` at the end.
  /// - Throws: `Fault` for a line that is too long.
  public mutating func next() throws(Fault) -> [UInt8]? {
    while true {
      if let end = buffer[searched...].firstIndex(of: separator) {
        defer {
          offset = end + 1
          searched = offset
        }
        return finished(buffer[offset..<end])
      }
      searched = buffer.count
      if isAtEnd {
        guard offset < buffer.count else { return nil }
        defer { offset = buffer.count }
        return finished(buffer[offset...])
      }
      try checkLength()
      try fill()
    }
  }

  private func checkLength() throws(Fault) {
    let length = buffer.count - offset
    if length <= Self.lineLimit { return }
    var limit = Self.lineLimit
    if let longLines, buffer[offset..<(offset + limit)].contains(longLines.marker) {
      limit = longLines.limit
    }
    guard length > limit else { return }
    throw Fault(
      code, "line \(line + 1) of \(name) is longer than \(limit) bytes",
      details: ["line": .int(line + 1)])
  }

  private mutating func fill() throws(Fault) {
    bufferOffset += offset
    buffer.removeFirst(offset)
    searched -= offset
    offset = 0
    // What has grown long will grow longer.
    let bytes = try readChunk(number, count: max(1 << 16, min(buffer.count, 1 << 24)), name: name)
    hash.update(bytes)
    if line == 0, buffer.isEmpty, bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      buffer += bytes.dropFirst(3)
      bufferOffset += 3
    } else {
      buffer += bytes
    }
    isAtEnd = bytes.isEmpty
  }

  /// The SHA-256 of all that has been read, in hexadecimal.
  var digest: String {
    var hash = hash
    return hash.finishHex()
  }

  private mutating func finished(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    line += 1
    lineOffset = bufferOffset + offset
    let isText = separator == 0x0A
    return Array(isText && bytes.last == 0x0D ? bytes.dropLast() : bytes)
  }
}
