#if canImport(Glibc)
import Glibc
#endif

/// The reference material beside the checkout; absent on a user's machine.
public enum SharedFolder {
  /// The absolute path of `shared`, found from `INFERCAM_SHARED` or beside the checkout.
  public static let path: String? = {
    var candidates: [String] = []
    if let variable = getenv("INFERCAM_SHARED") { candidates.append(String(cString: variable)) }
    var folder = #filePath
    for _ in 0..<3 { folder = parent(of: folder) }
    candidates.append(parent(of: folder) + "/shared")
    candidates.append(parent(of: parent(of: folder)) + "/shared")
    return candidates.first { access($0 + "/README.md", R_OK) == 0 }
  }()

  public static let isPresent = path != nil

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
