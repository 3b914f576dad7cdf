import Digests
public import Faults
public import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Files that are named by the SHA-256 of their bytes: `objects/2c/26b46b…` below a folder.
///
/// An object is written beside, flushed and named in one step, so that what has a name is whole; it
/// is compared with its name whenever it is read.
public struct ObjectStore: Sendable {
  public let path: RawPath

  /// - Parameter path: a folder, which the first object creates.
  public init(_ path: RawPath) {
    self.path = path
  }

  /// An object that is in the store.
  public struct Entry: Sendable, Hashable {
    public let id: StorageID
    public let size: Int
  }

  private var objects: RawPath { path.appending("objects") }
  private var temporary: RawPath { path.appending("tmp") }

  func file(of id: StorageID) -> RawPath {
    objects.appending(String(id.sha256.prefix(2))).appending(String(id.sha256.dropFirst(2)))
  }

  /// Copies a file into the store, durably; an object that is there already is put anew.
  /// - Parameter source: what gives the next bytes, none at the end.
  public func put(_ source: () throws(Fault) -> [UInt8]) throws(Fault) -> Entry {
    for folder in try createDirectories(temporary) + createDirectories(objects) {
      try synchronizeDirectory(folder.parent)
    }
    let name = "put-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    let part = temporary.appending(name)
    do throws(Fault) {
      var digest = SHA256()
      var size = 0
      let file = try Descriptor(opening: part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
      while true {
        let bytes = try source()
        if bytes.isEmpty { break }
        digest.update(bytes)
        size += bytes.count
        try file.write(bytes)
      }
      try file.synchronize()
      try file.close()
      guard let id = StorageID(sha256: digest.finishHex()) else {
        preconditionFailure("a SHA-256 is a storage id")
      }
      let place = self.file(of: id)
      if try createDirectory(place.parent) { try synchronizeDirectory(objects) }
      try renameFile(part, to: place)
      try synchronizeDirectory(place.parent)
      return Entry(id: id, size: size)
    } catch {
      try? removeFile(part)
      throw error
    }
  }

  /// The bytes of an object.
  /// - Throws: `Fault` with code `input.not_found`, `upload.too_large`, or `image.checksum_mismatch`
  ///   for an object that is damaged.
  func read(_ id: StorageID, limit: Int) throws(Fault) -> [UInt8] {
    let bytes: [UInt8]
    do throws(Fault) {
      bytes = try Descriptor(opening: file(of: id), O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
        .readWhole(limit: limit).bytes
    } catch {
      throw error.code == .inputNotFound ? missing(id) : error
    }
    try check(id, SHA256.hex(of: bytes))
    return bytes
  }

  /// Gives the bytes of an object piece by piece, once all of them have been compared with its name.
  public func get(
    _ id: StorageID, to consume: ([UInt8]) throws(Fault) -> Void
  ) throws(Fault) {
    let file: Descriptor
    do throws(Fault) {
      file = try Descriptor(opening: self.file(of: id), O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
    } catch {
      throw error.code == .inputNotFound ? missing(id) : error
    }
    let size = try file.regularStatus().size
    var digest = SHA256()
    try Self.read(file, size) { digest.update($0) }
    try check(id, digest.finishHex())
    try Self.read(file, size, consume)
  }

  private static func read(
    _ file: borrowing Descriptor, _ size: Int, _ consume: ([UInt8]) throws(Fault) -> Void
  ) throws(Fault) {
    var offset = 0
    while offset < size {
      let bytes = try file.read(at: offset, count: min(1 << 20, size - offset))
      if bytes.isEmpty { return }
      try consume(bytes)
      offset += bytes.count
    }
  }

  /// Removes an object, durably.
  /// - Throws: `Fault` with code `input.not_found` when there is none.
  public func remove(_ id: StorageID) throws(Fault) {
    let file = file(of: id)
    guard try FileStamp(of: file, followingLinks: false) != nil else { throw missing(id) }
    try removeFile(file)
    try synchronizeDirectory(file.parent)
  }

  /// The objects in the order of their names.
  public func list(_ report: (Entry) throws(Fault) -> Void) throws(Fault) {
    guard try FileStamp(of: objects) != nil else { return }
    for folder in try namesInDirectory(objects) {
      let names = try namesInDirectory(objects.appending(folder))
      for name in names {
        let digest = RawPath(bytes: folder.bytes + name.bytes).identifier
        guard let id = StorageID(sha256: digest),
          let stamp = try FileStamp(of: file(of: id), followingLinks: false),
          stamp.kind == .regular
        else { continue }
        try report(Entry(id: id, size: stamp.size))
      }
    }
  }

  private func missing(_ id: StorageID) -> Fault {
    Fault(
      .inputNotFound,
      "there is no object \(id.text) in \(path.display): put it there with infercam storage put",
      details: ["storage_id": .string(id.text), "store": .string(path.identifier)])
  }

  private func check(_ id: StorageID, _ found: String) throws(Fault) {
    guard found != id.sha256 else { return }
    throw Fault(
      .imageChecksumMismatch,
      "the object \(id.text) in \(path.display) is damaged: put it there again",
      details: ["expected": .string(id.sha256), "found": .string(found)])
  }
}
