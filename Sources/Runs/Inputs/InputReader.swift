import Digests
import Faults
public import FileAccess
import Tensors
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// From where inputs may be read, and what looks at their bytes first.
public struct InputAccess: Sendable {
  /// The folder that files must lie below; `nil` for any file that the system lets be read.
  public var folder: BaseFolder?
  /// Where stored objects are.
  public var store: ObjectStore?
  /// What every item's bytes must pass.
  public var scanner: ItemScanner?

  public init() {}
}

/// Reads the bytes of items and compares them with the digests that the items name.
final class InputReader: Sendable {
  private let access: InputAccess
  private let limit: Int
  private let wholeFile = Monitor<WholeFile?>(nil)

  /// The digests of the file of stacked arrays that was read last.
  private struct WholeFile {
    var path: RawPath
    var stamp: FileStamp
    var sha256: String
    var md5: String
  }

  /// What an item holds.
  struct Contents: Sendable {
    var bytes: [UInt8]
    /// Of the bytes, in hexadecimal.
    var sha256: String
    /// The state of the file they came from.
    var stamp: FileStamp?
  }

  /// - Parameter limit: the most bytes of one item.
  init(_ access: InputAccess, limit: Int) {
    self.access = access
    self.limit = limit
  }

  /// - Throws: the fault of the item, of reading it, or of what its bytes should be.
  func read(_ item: InputItem) throws(Fault) -> Contents {
    if let fault = item.fault { throw fault }
    let contents = try contents(of: item)
    try access.scanner?.scan(contents.bytes, of: item.display)
    return contents
  }

  /// The state of an item's file; `nil` when there is none, or none that may be read.
  func stamp(of item: InputItem) -> FileStamp? {
    guard item.isFile else { return nil }
    let stamp: FileStamp??
    if let folder = access.folder {
      stamp = try? folder.stamp(of: item.path)
    } else {
      stamp = try? FileStamp(of: item.path)
    }
    return stamp ?? nil
  }

  private func contents(of item: InputItem) throws(Fault) -> Contents {
    if item.url != nil {
      guard let received = item.received else {
        throw Fault(.accessDenied, "\(item.display): URLs are read only with --allow-net")
      }
      return try checked(received.bytes, nil, item)
    }
    if let storageID = item.storageID {
      guard let store = access.store else {
        throw Fault(.inputNotFound, "there is no store of objects: name it with --store")
      }
      return try checked(try store.read(storageID, limit: limit), nil, item)
    }
    if let embedded = item.embedded {
      return try checked(try embedded.read(limit: limit, of: item.id), nil, item)
    }
    if let index = item.arrayIndex { return try array(index, of: item) }
    let file = try open(item.path).readWhole(limit: limit)
    return try checked(file.bytes, file.stamp, item)
  }

  private func checked(
    _ bytes: [UInt8], _ stamp: FileStamp?, _ item: InputItem
  ) throws(Fault) -> Contents {
    let sha256 = SHA256.hex(of: bytes)
    try item.check(sha256: sha256, md5: MD5.base64(of: bytes))
    return Contents(bytes: bytes, sha256: sha256, stamp: stamp)
  }

  func open(_ path: RawPath) throws(Fault) -> Descriptor {
    let flags = O_RDONLY | O_NONBLOCK | O_NOCTTY
    if let folder = access.folder { return try folder.open(path, flags) }
    return try Descriptor(opening: path, flags)
  }

  /// Reads one of the arrays that a file stacks, as a file of its own.
  ///
  /// The limit counts for the one array; digests that the item names are those of the whole file.
  private func array(_ index: Int, of item: InputItem) throws(Fault) -> Contents {
    let file = try open(item.path)
    let stamp = try file.regularStatus()
    let layout = try NPYLayout(try file.read(at: 0, count: NPYLayout.prefixBytes))
    guard index < layout.stackedCount, stamp.size == layout.start + layout.byteCount else {
      throw Fault(
        .imageInvalidFormat,
        "\(item.path.display) is \(layout.dtype) \(layout.shape) by now and has no array \(index)")
    }
    let range = layout.range(of: index)
    guard range.count <= limit else {
      throw Fault(
        .uploadTooLarge,
        "an array of \(item.path.display) has \(range.count) bytes, more than the limit of "
          + "\(limit)", details: ["bytes": .int(range.count), "limit": .int(limit)])
    }
    if item.sha256 != nil || item.contentMD5 != nil { try checkWhole(file, stamp, item) }
    let elements = try file.read(at: range.lowerBound, count: range.count)
    guard elements.count == range.count else {
      throw Fault(.imageDecodingFailed, "\(item.path.display) was cut short while it was read")
    }
    let bytes = layout.file(ofStacked: elements)
    return Contents(bytes: bytes, sha256: SHA256.hex(of: bytes), stamp: stamp)
  }

  private func checkWhole(
    _ file: borrowing Descriptor, _ stamp: FileStamp, _ item: InputItem
  ) throws(Fault) {
    let known = wholeFile.withLock { $0 }
    if let known, known.path == item.path, known.stamp == stamp {
      return try item.check(sha256: known.sha256, md5: known.md5)
    }
    var sha256 = SHA256()
    var md5 = MD5()
    var offset = 0
    while true {
      let bytes = try file.read(at: offset, count: 1 << 20)
      if bytes.isEmpty { break }
      sha256.update(bytes)
      md5.update(bytes)
      offset += bytes.count
    }
    let whole = WholeFile(
      path: item.path, stamp: stamp, sha256: sha256.finishHex(), md5: md5.finishBase64())
    wholeFile.withLock { $0 = whole }
    try item.check(sha256: whole.sha256, md5: whole.md5)
  }
}
