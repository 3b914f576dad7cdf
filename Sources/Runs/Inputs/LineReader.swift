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

  /// Keeps `number` open; `nil` for the standard input.
  private let file: Descriptor?
  private let number: Int32
  private let name: String
  private let separator: UInt8
  private var buffer: [UInt8] = []
  private var offset = 0
  private var isAtEnd = false
  /// The number of the line read last, from 1.
  public private(set) var line = 0

  /// - Parameter path: `-` stands for the standard input.
  public init(_ path: RawPath, separator: UInt8 = 0x0A) throws(Fault) {
    let isStandardInput = path.bytes == [UInt8(ascii: "-")]
    self.name = isStandardInput ? "the standard input" : path.display
    self.separator = separator
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
  /// - Throws: `Fault` with code `manifest.invalid` for a line beyond `lineLimit`.
  public mutating func next() throws(Fault) -> [UInt8]? {
    while true {
      if let end = buffer[offset...].firstIndex(of: separator) {
        defer { offset = end + 1 }
        return finished(buffer[offset..<end])
      }
      if isAtEnd {
        guard offset < buffer.count else { return nil }
        defer { offset = buffer.count }
        return finished(buffer[offset...])
      }
      guard buffer.count - offset <= Self.lineLimit else {
        throw Fault(
          .manifestInvalid, "line \(line + 1) of \(name) is longer than \(Self.lineLimit) bytes",
          details: ["line": .int(line + 1)])
      }
      try fill()
    }
  }

  private mutating func fill() throws(Fault) {
    buffer.removeFirst(offset)
    offset = 0
    let bytes = try readChunk(number, count: 1 << 16, name: name)
    if line == 0, buffer.isEmpty, bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      buffer += bytes.dropFirst(3)
    } else {
      buffer += bytes
    }
    isAtEnd = bytes.isEmpty
  }

  private mutating func finished(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    line += 1
    let isText = separator == 0x0A
    return Array(isText && bytes.last == 0x0D ? bytes.dropLast() : bytes)
  }
}
