import Faults
import JSON

/// A line of the journal that is no result.
enum JournalEvent: Hashable {
  /// A process begins.
  case open
  /// A process ends in order.
  case close
  /// A process is ended by a fault of the processor or by `abort`.
  case crash
  /// An item is taken up; `isAlone` when nothing else is in work.
  case start(Int, isAlone: Bool)
  /// The records of an item up to this revision count no more.
  case pending(Int, revision: Int)
  /// An event of a later version.
  case other

  /// Returns the line of an event with more members, newline included.
  func line(_ members: [String: JSONValue] = [:]) -> [UInt8] {
    var text: String
    switch self {
    case .start(let sequence, let isAlone):
      text = #"{"t":"start","seq":\#(sequence)"# + (isAlone ? #","alone":true"# : "")
    case .pending(let sequence, let revision):
      text = #"{"t":"pending","seq":\#(sequence),"rev":\#(revision)"#
    case .open: text = #"{"t":"open""#
    case .close: text = #"{"t":"close""#
    case .crash: text = #"{"t":"crash""#
    case .other: text = #"{"t":"note""#
    }
    for (key, value) in members.sorted(by: { $0.key < $1.key }) {
      text += #",\#(JSONValue.string(key).encodedText):\#(value.encodedText)"#
    }
    return sealedLine(Array(text.utf8))
  }

  /// Reads a line whose checksum is right; `nil` when it is a record.
  init?(_ line: UnsafeRawBufferPointer) {
    var rest = LineCursor(line)
    guard rest.skip(#"{"t":"#) else { return nil }
    self = .other
    if rest.skip(#""start","seq":"#) {
      guard let sequence = rest.number() else { return }
      self = .start(sequence, isAlone: rest.skip(#","alone":true"#))
      return
    }
    guard let value = try? JSONValue(parsing: Array(line)) else { return }
    switch value["t"]?.string {
    case "open": self = .open
    case "close": self = .close
    case "crash": self = .crash
    case "pending":
      guard let sequence = value["seq"]?.int, let revision = value["rev"]?.int else { return }
      self = .pending(sequence, revision: revision)
    default: break
    }
  }
}
