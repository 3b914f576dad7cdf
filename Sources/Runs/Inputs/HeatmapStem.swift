import Digests
import FileAccess

/// Returns the name of an item's heatmaps below `heatmaps/`, without extension.
///
/// The name mirrors the id, and different ids have different names: bytes that could be misread are
/// written `%XX`, `..` and empty components too, and what is too long for a file name is replaced
/// by its digest. No name leaves the folder.
func heatmapStem(id: String) -> String {
  var path = Array(id.utf8)[...]
  var components: [String] = []
  if path.first == slash {
    components.append("%2F")
    path = path.dropFirst()
  } else {
    // "./a" is how `find` writes "a"; the two are one file.
    while path.starts(with: [dot, slash]) { path = path.dropFirst(2) }
  }
  let parts = path.split(separator: slash, omittingEmptySubsequences: false)
  for (index, part) in parts.enumerated() {
    components.append(escaped(part, isLast: index == parts.count - 1))
  }
  let stem = components.joined(separator: "/")
  let isLong = components.contains { $0.utf8.count > maximumComponent } || stem.utf8.count > 2048
  return isLong ? "%long/" + SHA256.hex(of: Array(id.utf8)) : stem
}

/// Returns the name of an item's heatmaps of one class of several: its stem, a dot and the class.
///
/// The class is what lies behind the last dot, so that names stay different: what is no ASCII
/// letter, digit, `_` or `-` is written `%XX` in it.
func heatmapStem(id: String, classID: String) -> String {
  var name = ""
  for byte in classID.utf8 {
    let character = Character(Unicode.Scalar(byte))
    let isPlain =
      byte < 0x80 && (character.isLetter || character.isNumber || "_-".contains(character))
    name += isPlain ? String(character) : percentEscape(byte)
  }
  if name == "raw" { name = "%72aw" }
  if name.utf8.count > 64 { name = "%" + SHA256.hex(of: Array(classID.utf8)) }
  let stem = heatmapStem(id: id)
  let last = stem.utf8.reversed().prefix { $0 != slash }.count
  guard last + 1 + name.utf8.count > maximumComponent else { return stem + "." + name }
  return "%long/" + SHA256.hex(of: Array(id.utf8)) + "." + name
}

/// Room for `.raw.npy` and for the suffix of a temporary file.
private let maximumComponent = 230
private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

private func escaped(_ part: ArraySlice<UInt8>, isLast: Bool) -> String {
  if part.isEmpty { return "%00" }
  if part.allSatisfy({ $0 == dot }) { return String(repeating: "%2E", count: part.count) }
  var result: [UInt8] = []
  for byte in part {
    if byte == UInt8(ascii: "%") || byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\\") {
      result += percentEscape(byte).utf8
    } else {
      result.append(byte)
    }
  }
  // `a.raw` with `.npy` is another file than `a` with `.raw.npy`.
  if isLast, result.suffix(4).elementsEqual(".raw".utf8) {
    result.replaceSubrange((result.count - 4)..<(result.count - 3), with: "%2E".utf8)
  }
  // A folder never has the name of a heatmap file.
  if !isLast, [".png", ".npy"].contains(where: { result.suffix(4).elementsEqual($0.utf8) }) {
    result.replaceSubrange((result.count - 4)..<(result.count - 3), with: "%2E".utf8)
  }
  return String(decoding: result, as: UTF8.self)
}
