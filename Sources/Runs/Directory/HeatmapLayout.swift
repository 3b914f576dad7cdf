import Digests

/// How the files of heatmaps are named below `heatmaps/`.
public enum HeatmapLayout: String, Sendable, CaseIterable {
  /// Like the inputs.
  case names
  /// By the SHA-256 of the id, spread over 256 folders: `3f/3f9a….png`; for very many inputs.
  case hash

  static let hashFolders: [String] = (0..<256).map { hexadecimal([UInt8($0)]) }

  /// The name of an item's heatmaps below `heatmaps/`, without extension.
  func stem(id: String) -> String {
    switch self {
    case .names: heatmapStem(id: id)
    case .hash: hashed(id)
    }
  }

  /// The name of an item's heatmaps of one class of several.
  func stem(id: String, classID: String) -> String {
    switch self {
    case .names: heatmapStem(id: id, classID: classID)
    case .hash: hashed(id) + "." + SHA256.hex(of: Array(classID.utf8)).prefix(16)
    }
  }

  private func hashed(_ id: String) -> String {
    let digest = SHA256.hex(of: Array(id.utf8)).prefix(32)
    return digest.prefix(2) + "/" + digest
  }
}
