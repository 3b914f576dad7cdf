import Digests

/// The archive format of POSIX.1-2001, written so that equal names and contents give equal bytes.
///
/// Members belong to nobody, are readable by all and were changed in 1970. What does not fit the old
/// header (names beyond 100 bytes, sizes of 8 GiB and more) is in an extended header before it.
enum TarFormat {
  static let block = 512
  /// What stands behind the last member.
  static let end = [UInt8](repeating: 0, count: 2 * block)

  /// What stands before the contents of a member.
  static func header(_ name: String, size: Int) -> [UInt8] {
    let path = Array(name.utf8)
    var records: [UInt8] = []
    if path.count > 100 { records += record("path", path) }
    if size > largestSize { records += record("size", Array("\(size)".utf8)) }
    var bytes: [UInt8] = []
    if !records.isEmpty {
      bytes += plainHeader(Array("PaxHeader".utf8), records.count, type: "x")
      bytes += records + padding(records.count)
    }
    return bytes + plainHeader(Array(path.prefix(100)), min(size, largestSize), type: "0")
  }

  /// The zeros that fill the last block of a member.
  static func padding(_ size: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: (block - size % block) % block)
  }

  private static let largestSize = 0o77_777_777_777

  private static func plainHeader(_ name: [UInt8], _ size: Int, type: Unicode.Scalar) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: block)
    func put(_ bytes: [UInt8], at offset: Int) {
      header.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
    }
    put(name, at: 0)
    put(octal(0o644, digits: 7), at: 100)
    put(octal(0, digits: 7), at: 108)
    put(octal(0, digits: 7), at: 116)
    put(octal(size, digits: 11), at: 124)
    put(octal(0, digits: 11), at: 136)
    put([UInt8](repeating: 0x20, count: 8), at: 148)
    put([UInt8(ascii: type)], at: 156)
    put(Array("ustar".utf8) + [0] + Array("00".utf8), at: 257)
    put(octal(0, digits: 7), at: 329)
    put(octal(0, digits: 7), at: 337)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, digits: 6) + [0, 0x20], at: 148)
    return header
  }

  private static func octal(_ value: Int, digits: Int) -> [UInt8] {
    let text = String(value, radix: 8)
    return Array((String(repeating: "0", count: digits - text.utf8.count) + text).utf8)
  }

  /// A record `LENGTH KEY=VALUE\n`, whose length counts itself.
  private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = [0x20] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [0x0A]
    var length = rest.count + 1
    while "\(length)".utf8.count + rest.count != length {
      length = "\(length)".utf8.count + rest.count
    }
    return Array("\(length)".utf8) + rest
  }
}

extension TarFormat {
  /// A header as it is read back.
  enum Header: Equatable {
    case member(name: [UInt8], size: Int)
    /// Records for the next member, of so many bytes.
    case records(size: Int)
    case end
  }

  /// Reads a block; `nil` when it is no header of this format, or damaged.
  static func parse(_ bytes: [UInt8]) -> Header? {
    guard bytes.count == block else { return nil }
    if bytes.allSatisfy({ $0 == 0 }) { return .end }
    var sum = 0
    for (offset, byte) in bytes.enumerated() {
      sum += (148..<156).contains(offset) ? 0x20 : Int(byte)
    }
    guard number(bytes[148..<154]) == sum, bytes[257..<262].elementsEqual("ustar".utf8),
      let size = number(bytes[124..<135])
    else { return nil }
    switch bytes[156] {
    case UInt8(ascii: "0"):
      return .member(name: Array(bytes[..<100].prefix { $0 != 0 }), size: size)
    case UInt8(ascii: "x"): return .records(size: size)
    default: return nil
    }
  }

  /// The path and the size among records; `nil` when they are damaged.
  static func records(_ bytes: [UInt8]) -> (path: [UInt8]?, size: Int?)? {
    var rest = bytes[...]
    var path: [UInt8]?
    var size: Int?
    while !rest.isEmpty {
      let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      guard let length = Int(String(decoding: digits, as: UTF8.self)), length <= rest.count,
        length > digits.count + 2, rest[rest.startIndex + length - 1] == 0x0A
      else { return nil }
      let record = rest.prefix(length - 1).dropFirst(digits.count + 1)
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { return nil }
      let value = Array(record[(equals + 1)...])
      switch String(decoding: record[..<equals], as: UTF8.self) {
      case "path": path = value
      case "size": size = Int(String(decoding: value, as: UTF8.self))
      default: break
      }
      rest = rest.dropFirst(length)
    }
    return (path, size)
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    Int(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}

/// The SHA-256 of an archive that is not written.
struct TarDigest {
  private var digest = SHA256()

  mutating func add(_ member: String, _ bytes: [UInt8]) {
    digest.update(TarFormat.header(member, size: bytes.count))
    digest.update(bytes)
    digest.update(TarFormat.padding(bytes.count))
  }

  func finishHex() -> String {
    var digest = digest
    digest.update(TarFormat.end)
    return digest.finishHex()
  }
}
