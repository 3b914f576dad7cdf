import Faults
public import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// A folder of a test's own, removed with all it holds when the last reference goes.
public final class TemporaryFolder: Sendable {
  public let path: RawPath

  public init() throws {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(base)/infercam-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Fault(errno: errno, "cannot create a temporary folder")
    }
    path = RawPath(bytes: template.map(UInt8.init(bitPattern:)))
  }

  deinit {
    try? removeTree(path)
  }

  /// Writes a file, with the folders above it.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: RawPath) throws -> RawPath {
    let file = path.appending(name)
    try createDirectories(file.parent)
    let descriptor = try Descriptor(opening: file, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    try descriptor.write(bytes)
    try descriptor.close()
    return file
  }

  @discardableResult
  public func write(_ text: String, to name: String) throws -> RawPath {
    try write(Array(text.utf8), to: RawPath(name))
  }

  public func read(_ name: String) throws -> [UInt8] {
    try readRegularFile(path.appending(name), limit: 1 << 30).bytes
  }

  public func exists(_ name: String) -> Bool {
    ((try? FileStamp(of: path.appending(name))) ?? nil) != nil
  }
}

/// The folder of the checkout.
public let checkoutFolder: RawPath = {
  var folder = RawPath(#filePath)
  for _ in 0..<3 { folder = folder.parent }
  return folder
}()
