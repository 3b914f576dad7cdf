import Faults
import FileAccess
import Workers

/// The one that makes finished items durable and counts them; used by one thread.
///
/// First the files of the items are flushed and get their names, then their folders are flushed, then
/// all lines are appended to the journal in one write and flushed, and only then does an item count.
final class Committer {
  private(set) var journals: JournalSet
  let writer: JournalWriter
  private let directory: RunDirectory
  private let durability: Durability
  private let pack: PackWriter
  private let flushes = FlushPool()
  /// Folders whose names are known to be durable in the folders above them.
  private var durableFolders: Set<RawPath> = []

  init(
    _ journals: JournalSet, _ writer: JournalWriter, _ directory: RunDirectory,
    _ durability: Durability
  ) {
    self.journals = journals
    self.writer = writer
    self.directory = directory
    self.durability = durability
    pack = PackWriter(directory, writer.journal.shard, isDurable: durability != .none)
    durableFolders = [directory.path, directory.heatmaps]
  }

  func commit(_ items: [ProcessedItem]) throws(Fault) {
    if items.isEmpty { return }
    if durability == .item {
      for item in items { try store([item]) }
    } else {
      try store(items)
    }
  }

  private func store(_ items: [ProcessedItem]) throws(Fault) {
    var items = items
    try store(packed: &items)
    let files = items.flatMap(\.staged)
    if !files.isEmpty {
      try flushes.forEach(files) { (file) throws(Fault) in try file.publish() }
    }
    if durability != .none { try synchronizeFolders(of: items) }
    try journals.append(items, with: writer)
  }

  /// Appends what goes into archives to the pack of this process.
  private func store(packed items: inout [ProcessedItem]) throws(Fault) {
    var places = try pack.append(items.flatMap(\.packed))[...]
    for item in items.indices where !items[item].packed.isEmpty {
      for artefact in items[item].artefacts.indices {
        items[item].artefacts[artefact].place = places.popFirst()
      }
      items[item].packed = []
    }
  }

  private func synchronizeFolders(of items: [ProcessedItem]) throws(Fault) {
    var folders: Set<RawPath> = []
    for item in items {
      for file in item.artefacts where file.place == nil {
        var folder = directory.path.appending(file.path).parent
        folders.insert(folder)
        while durableFolders.insert(folder).inserted {
          folder = folder.parent
          folders.insert(folder)
        }
      }
    }
    if folders.isEmpty { return }
    try flushes.forEach(Array(folders)) { (folder) throws(Fault) in
      try synchronizeDirectory(folder)
    }
  }
}
