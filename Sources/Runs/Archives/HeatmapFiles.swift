import Digests
public import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// The heatmaps of a run, wherever its layout puts them.
///
/// Keeps the index of the archive that was read last: ask in the order of the inputs.
public final class HeatmapFiles {
  private let directory: RunDirectory
  private var archive: (name: String, index: TarIndex?)?
  private var pack: (name: String, file: PackFile?)?

  /// A pack that is open.
  private final class PackFile {
    let file: Descriptor
    let size: Int

    init?(_ path: RawPath) throws(Fault) {
      guard let stamp = try FileStamp(of: path, followingLinks: false), stamp.kind == .regular
      else { return nil }
      file = try Descriptor(opening: path, O_RDONLY | O_NOFOLLOW)
      size = stamp.size
    }
  }

  public init(_ directory: RunDirectory) {
    self.directory = directory
  }

  /// The bytes of a heatmap of a finished run by the path in its result; `nil` when it is not there.
  /// - Throws: the `Fault` of the file.
  public func read(_ path: String) throws(Fault) -> [UInt8]? {
    let file = directory.path.appending(path)
    if try FileStamp(of: file, followingLinks: false)?.kind == .regular {
      return try readRegularFile(file, limit: .max - 1).bytes
    }
    guard let (name, member) = HeatmapLayout.member(path), let index = try index(of: name),
      let place = index.place(of: member)
    else { return nil }
    return try index.read(place)
  }

  /// Whether all files are there in full length.
  func contain(_ artefacts: [Artefact]) throws(Fault) -> Bool {
    for artefact in artefacts {
      if let place = artefact.place {
        if try isPacked(artefact, place) { continue }
        guard let (name, member) = HeatmapLayout.member(artefact.path),
          try index(of: name)?.place(of: member)?.size == artefact.size
        else { return false }
      } else {
        let stamp = try FileStamp(
          of: directory.path.appending(artefact.path), followingLinks: false)
        guard let stamp, stamp.kind == .regular, stamp.size == artefact.size else { return false }
      }
    }
    return true
  }

  /// Whether the bytes are in a pack, and not only in an archive yet.
  func isPacked(_ artefact: Artefact, _ place: PackPlace) throws(Fault) -> Bool {
    guard let pack = try packFile(place.pack) else { return false }
    return pack.size >= place.offset + artefact.size
  }

  /// The bytes of what is packed or archived; `nil` when it is not there, or not what was recorded.
  func read(_ artefact: Artefact) throws(Fault) -> [UInt8]? {
    guard let place = artefact.place else { return nil }
    if let pack = try packFile(place.pack), pack.size >= place.offset + artefact.size {
      let bytes = try pack.file.read(at: place.offset, count: artefact.size)
      if SHA256.hex(of: bytes) == artefact.sha256 { return bytes }
    }
    guard let (name, member) = HeatmapLayout.member(artefact.path), let index = try index(of: name),
      let place = index.place(of: member), place.size == artefact.size
    else { return nil }
    let bytes = try index.read(place)
    return SHA256.hex(of: bytes) == artefact.sha256 ? bytes : nil
  }

  /// The archive of a name below the run directory; `nil` when there is none.
  func index(of name: String) throws(Fault) -> TarIndex? {
    if let archive, archive.name == name { return archive.index }
    let index = try TarIndex(directory.path.appending(name))
    archive = (name, index)
    return index
  }

  /// Forgets what was read: files have been replaced.
  func reset() {
    archive = nil
    pack = nil
  }

  private func packFile(_ name: String) throws(Fault) -> PackFile? {
    // A pack that another process appends to grows.
    if let pack, pack.name == name, let file = pack.file,
      try file.file.status().size == file.size
    {
      return file
    }
    let file = try PackFile(directory.packs.appending(name))
    pack = (name, file)
    return file
  }
}
