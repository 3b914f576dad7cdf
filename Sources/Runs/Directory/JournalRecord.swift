import Digests
import Faults
import FileAccess
import JSON
import Requests

/// The terminal record of one item: a line of the journal.
///
/// A line is a JSON object whose members have a fixed order: the digest of what is reproducible in
/// the item, the item's length in bytes, its sequence, the outcome, the revision, the state of the
/// input file, the files written, the logits where they are kept, the item itself, and the CRC-32C of
/// all bytes before `,"crc"`.
struct JournalRecord {
  var digest: String
  var sequence: Int
  /// The code of the failure; `nil` for success.
  var failure: String?
  /// How often the item was computed anew for another input, on demand or for a lost output.
  var revision = 0
  /// The length of the item's JSON at the end of the line.
  var itemLength: Int

  /// Returns the line of an item, newline included.
  static func encode(_ processed: ProcessedItem, revision: Int = 0) -> [UInt8] {
    let item = processed.result.json.encoded()
    let digest = SHA256.hex(of: JSONValue.object(processed.result.reproducible).encoded())
    let fault = processed.result.fault
    var text = #"{"d":"\#(digest)","n":\#(item.count),"seq":\#(processed.result.sequence)"#
    text += fault == nil ? #","t":"done""# : #","t":"fail""#
    if let fault { text += #","code":\#(JSONValue.string(fault.code.rawValue).encodedText)"# }
    if revision > 0 { text += #","rev":\#(revision)"# }
    if let stamp = processed.stamp {
      text += #","in":[\#(stamp.size),\#(stamp.modifiedNanoseconds),\#(stamp.inode)]"#
    }
    let files = processed.artefacts.map { file -> JSONValue in
      var fields: [JSONValue] = [.string(file.path), JSONValue(file.size), .string(file.sha256)]
      if let place = file.place { fields += [.string(place.pack), JSONValue(place.offset)] }
      return .array(fields)
    }
    text += #","out":\#(JSONValue.array(files).encodedText)"#
    if let logits = processed.logits { text += #","logits":"\#(base64(logits))""# }
    text += #","item":"#
    return sealedLine(Array(text.utf8) + item)
  }
}

/// Ends a line of the journal with its checksum and a newline.
func sealedLine(_ open: [UInt8]) -> [UInt8] {
  let digits = String(crc32c(open), radix: 16)
  let padded = String(repeating: "0", count: 8 - digits.count) + digits
  return open + Array(#","crc":"\#(padded)"}"#.utf8) + [0x0A]
}

/// Whether a line, without its newline, ends with the checksum of what is before.
func isSealed(_ line: [UInt8]) -> Bool {
  let body = line.count - sealLength
  guard body > 0,
    let seal = String(validating: line[body...], as: UTF8.self), seal.hasPrefix(#","crc":""#),
    seal.hasSuffix(#""}"#), let expected = UInt32(seal.dropFirst(8).dropLast(2), radix: 16)
  else { return false }
  return line.withUnsafeBytes { crc32c(UnsafeRawBufferPointer(rebasing: $0[..<body])) } == expected
}

/// The bytes of `,"crc":"xxxxxxxx"}`.
private let sealLength = 18

/// What a line of the journal turns out to be.
enum JournalLine {
  case record(JournalRecord)
  case event(JournalEvent)
  case damaged

  /// - Parameter line: without its newline.
  init(_ line: [UInt8]) {
    if !isSealed(line) {
      self = .damaged
    } else if let event = JournalEvent(line) {
      self = .event(event)
    } else if let record = JournalRecord(line) {
      self = .record(record)
    } else {
      self = .damaged
    }
  }
}

extension JournalRecord {
  /// Reads the fixed members at the start of a line whose checksum is right.
  init?(_ line: [UInt8]) {
    var rest = line[...]
    func skip(_ text: String) -> Bool {
      guard rest.starts(with: text.utf8) else { return false }
      rest = rest.dropFirst(text.utf8.count)
      return true
    }
    func number() -> Int? {
      let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }
      rest = rest.dropFirst(digits.count)
      return Int(String(decoding: digits, as: UTF8.self))
    }
    guard skip(#"{"d":""#), rest.count > 64 else { return nil }
    digest = String(decoding: rest.prefix(64), as: UTF8.self)
    rest = rest.dropFirst(64)
    guard skip(#"","n":"#), let length = number(), skip(#","seq":"#), let sequence = number(),
      length >= 0, length < line.count - sealLength
    else { return nil }
    itemLength = length
    self.sequence = sequence
    if !skip(#","t":"done""#) {
      guard skip(#","t":"fail","code":""#) else { return nil }
      let code = rest.prefix { $0 != UInt8(ascii: "\"") }
      failure = String(decoding: code, as: UTF8.self)
      rest = rest.dropFirst(code.count + 1)
    }
    if skip(#","rev":"#) { revision = number() ?? 0 }
  }

  /// The item's JSON in its line.
  func item(in line: [UInt8]) -> ArraySlice<UInt8> {
    let end = line.count - sealLength
    return line[(end - itemLength)..<end]
  }

  /// The logits in its line, little-endian float32; `nil` when it has none.
  func logits(in line: [UInt8]) -> [UInt8]? {
    let end = line.count - sealLength - itemLength - #","item":"#.utf8.count
    guard end > 0, line[end - 1] == UInt8(ascii: "\""),
      let quote = line[..<(end - 1)].lastIndex(of: UInt8(ascii: "\"")),
      line[..<(quote + 1)].reversed().starts(with: #","logits":""#.utf8.reversed())
    else { return nil }
    return bytes(base64: String(decoding: line[(quote + 1)..<(end - 1)], as: UTF8.self))
  }

  /// What the line says about the input file and the outputs.
  func files(in line: [UInt8]) -> (stamp: [Int64]?, artefacts: [Artefact])? {
    let start = line.count - sealLength - itemLength - #","item":"#.utf8.count
    guard start > 0, let header = try? JSONValue(parsing: line[..<start] + [UInt8(ascii: "}")])
    else { return nil }
    let artefacts = (header["out"]?.array ?? []).compactMap { entry -> Artefact? in
      guard let fields = entry.array, [3, 5].contains(fields.count), let path = fields[0].string,
        let size = fields[1].int, let sha256 = fields[2].string
      else { return nil }
      var artefact = Artefact(path: path, size: size, sha256: sha256)
      if fields.count == 5 {
        guard let pack = fields[3].string, !pack.contains("/"), let offset = fields[4].int,
          offset >= 0
        else { return nil }
        artefact.place = PackPlace(pack: pack, offset: offset)
      }
      return artefact
    }
    return (header["in"]?.array?.compactMap { $0.int.map(Int64.init) }, artefacts)
  }
}
