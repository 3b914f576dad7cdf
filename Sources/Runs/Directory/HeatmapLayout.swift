import Digests

/// How the files of heatmaps are named below `heatmaps/`.
public enum HeatmapLayout: Sendable, Hashable {
  /// Like the inputs.
  case names
  /// By the SHA-256 of the id, spread over 256 folders: `3f/3f9a….png`; for very many inputs.
  case hash
  /// In archives for so many inputs each: the member `a/cat.jpg.png` of `00012.tar`.
  case tar(items: Int)

  static let itemsPerArchive = 1000

  /// Reads `names`, `hash`, `tar` or `tar:N`.
  public init?(_ text: String) {
    switch text {
    case "names": self = .names
    case "hash": self = .hash
    case "tar": self = .tar(items: Self.itemsPerArchive)
    default:
      guard text.hasPrefix("tar:"), let items = Int(text.dropFirst(4)),
        (1...1_000_000).contains(items)
      else { return nil }
      self = .tar(items: items)
    }
  }

  /// The word for it.
  public var text: String {
    switch self {
    case .names: "names"
    case .hash: "hash"
    case .tar(Self.itemsPerArchive): "tar"
    case .tar(let items): "tar:\(items)"
    }
  }

  /// How many inputs share an archive; `nil` where each heatmap is a file.
  var itemsPerArchive: Int? {
    if case .tar(let items) = self { items } else { nil }
  }

  static let hashFolders: [String] = (0..<256).map { hexadecimal([UInt8($0)]) }

  /// The name of an item's heatmaps below `heatmaps/`, without extension.
  func stem(id: String) -> String {
    switch self {
    case .names, .tar: heatmapStem(id: id)
    case .hash: hashed(id)
    }
  }

  /// The name of an item's heatmaps of one class of several.
  func stem(id: String, classID: String) -> String {
    switch self {
    case .names, .tar: heatmapStem(id: id, classID: classID)
    case .hash: hashed(id) + "." + SHA256.hex(of: Array(classID.utf8)).prefix(16)
    }
  }

  private func hashed(_ id: String) -> String {
    let digest = SHA256.hex(of: Array(id.utf8)).prefix(32)
    return digest.prefix(2) + "/" + digest
  }
}

extension HeatmapLayout {
  /// The path of an archive below the run directory.
  static func archiveName(_ number: Int) -> String {
    let digits = "\(number)"
    return "heatmaps/" + String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
      + ".tar"
  }

  /// The archive and the member that a path such as `heatmaps/00012.tar#a/cat.jpg.png` names.
  static func member(_ path: String) -> (archive: String, member: String)? {
    guard path.hasPrefix("heatmaps/"), let mark = path.firstIndex(of: "#") else { return nil }
    let archive = path[..<mark]
    let digits = archive.dropFirst("heatmaps/".count).dropLast(4)
    guard archive.hasSuffix(".tar"), digits.utf8.count >= 5,
      digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
    else { return nil }
    return (String(archive), String(path[path.index(after: mark)...]))
  }
}
