import Faults
import FileAccess

#if canImport(Glibc)
import Glibc
#endif

/// Where the bytes of a heatmap lie until the run has finished.
struct PackPlace: Sendable, Hashable {
  /// The name of a file below `packs/`.
  var pack: String
  var offset: Int
}

/// The file to which a process appends heatmaps that will go into archives; used by one thread.
///
/// Each attempt has a file of its own, under a name that no other one ever had: what is recorded of a
/// file that has lost its end is never taken for what was written later.
final class PackWriter {
  private let directory: RunDirectory
  private let name: String
  private let isDurable: Bool
  private var file: Descriptor?
  private var length = 0

  init(_ directory: RunDirectory, _ shard: Shard, isDurable: Bool) {
    self.directory = directory
    self.isDurable = isDurable
    name = makeJobID(prefix: shard.name + ".")
  }

  /// Appends heatmaps and makes them durable.
  /// - Returns: where they are.
  func append(_ heatmaps: [[UInt8]]) throws(Fault) -> [PackPlace] {
    if heatmaps.isEmpty { return [] }
    if file == nil { try create() }
    var places: [PackPlace] = []
    for bytes in heatmaps {
      try file?.write(bytes)
      places.append(PackPlace(pack: name, offset: length))
      length += bytes.count
    }
    if isDurable { try file?.synchronizeContents() }
    return places
  }

  private func create() throws(Fault) {
    try createDirectory(directory.packs)
    file = try Descriptor(
      opening: directory.packs.appending(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
    if isDurable {
      try synchronizeDirectory(directory.packs)
      try synchronizeDirectory(directory.path)
    }
  }
}
