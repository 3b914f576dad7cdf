import Faults
import FileAccess
import Workers

/// The one that makes finished items durable and counts them; used by one thread.
///
/// First the files of the items are flushed and get their names, then their folders are flushed, or
/// both in one flush of the filesystem where it can; then
/// all lines are appended to the journal in one write and flushed, and only then does an item count.
final class Committer {
  private(set) var journals: JournalSet
  let writer: JournalWriter
  private let directory: RunDirectory
  private let durability: Durability
  private let pack: PackWriter
  private let flushes = FlushPool()
  /// Flushes files and folders together, where the filesystem can.
  private let filesystem: FilesystemFlush?
  /// Commits to come that flush each file by itself.
  private var commitsByFile = 0
  /// Folders whose names are known to be durable in the folders above them.
  private var durableFolders: Set<RawPath> = []

  /// How long the flush of a filesystem may take, in seconds: it may have to write what others have
  /// written.
  private static let patience = 1.0
  /// How many commits flush each file by itself after one that took longer.
  private static let commitsAfterDelay = 64

  init(
    _ journals: JournalSet, _ writer: JournalWriter, _ directory: RunDirectory,
    _ durability: Durability
  ) throws(Fault) {
    self.journals = journals
    self.writer = writer
    self.directory = directory
    self.durability = durability
    filesystem =
      durability == .batch ? try FilesystemFlush(directory.path, with: [directory.heatmaps]) : nil
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
    if let filesystem, commitsByFile == 0, files.count > 1 {
      try store(files, filesystem)
    } else {
      commitsByFile = max(0, commitsByFile - 1)
      if !files.isEmpty {
        try flushes.forEach(files) { (file) throws(Fault) in try file.publish(.file) }
      }
      if durability != .none { try synchronizeFolders(of: items) }
    }
    try journals.append(items, with: writer)
  }

  /// Makes files durable with their names in one step.
  private func store(
    _ files: [StagedFile], _ filesystem: FilesystemFlush
  ) throws(Fault) {
    for file in files { try file.publish(.contents) }
    let stopwatch = Stopwatch()
    try filesystem.synchronize()
    if stopwatch.seconds > Self.patience { commitsByFile = Self.commitsAfterDelay }
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
