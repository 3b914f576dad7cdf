import Digests
import Faults
import FileAccess

/// Where a page ends, as an opaque word that only the list that gave it takes back.
enum PageCursor {
  /// - Parameters:
  ///   - position: what the list needs to go on.
  ///   - list: what must not change between pages.
  static func seal(_ position: String, of list: String) -> String {
    let open = "\(position) \(checksum(position, list))"
    return String(
      base64(Array(open.utf8)).compactMap { character -> Character? in
        switch character {
        case "+": "-"
        case "/": "_"
        case "=": nil
        default: character
        }
      })
  }

  /// - Throws: `Fault` with code `param.out_of_range` for anything that `seal` has not made for the
  ///   list.
  static func open(_ cursor: String, of list: String) throws(Fault) -> String {
    var text = String(cursor.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    if let bytes = bytes(base64: text), let words = String(validating: bytes, as: UTF8.self),
      let space = words.lastIndex(of: " ")
    {
      let position = String(words[..<space])
      if seal(position, of: list) == cursor { return position }
    }
    throw Fault(
      .paramOutOfRange,
      "\(printable(cursor)) is no cursor of this list as it is now: begin again without --cursor")
  }

  private static func checksum(_ position: String, _ list: String) -> String {
    String(crc32c(Array("\(list)\n\(position)".utf8)), radix: 36)
  }
}
