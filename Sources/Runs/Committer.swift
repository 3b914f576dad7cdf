import Faults
import FileAccess
import JSON
import Workers

/// The one that makes finished items durable and counts them; used by one thread.
///
/// First the folders of the heatmaps are flushed, then all lines are appended to the journal in one
/// write and flushed, and only then does an item count.
final class Committer {
  private var journal: Journal
  private let directory: RunDirectory
  private let durability: Durability
  private let started = Stopwatch()
  private let doneBefore: Int
  /// Folders whose names are known to be durable in the folders above them.
  private var durableFolders: Set<RawPath> = []

  init(_ journal: consuming Journal, _ directory: RunDirectory, _ durability: Durability) {
    self.doneBefore = journal.index.done
    self.journal = journal
    self.directory = directory
    self.durability = durability
    durableFolders = [directory.path, directory.heatmaps]
  }

  var index: JournalIndex { journal.index }

  var progress: RunProgress {
    let index = journal.index
    return RunProgress(
      items: index.count, done: index.done, failed: index.failed,
      doneNow: index.done - doneBefore, seconds: started.seconds)
  }

  func commit(_ items: [ProcessedItem]) throws(Fault) {
    if items.isEmpty { return }
    if durability == .item {
      for item in items {
        try synchronizeFolders(of: [item])
        try journal.append([item])
      }
    } else {
      if durability == .batch { try synchronizeFolders(of: items) }
      try journal.append(items)
    }
  }

  func note(event: String, _ members: [String: JSONValue]) throws(Fault) {
    try journal.append(JournalRecord.encode(event: event, members))
  }

  func read(_ sequence: Int) throws(Fault) -> (record: JournalRecord, line: [UInt8])? {
    try journal.read(sequence)
  }

  private func synchronizeFolders(of items: [ProcessedItem]) throws(Fault) {
    var folders: Set<RawPath> = []
    for item in items {
      for file in item.artefacts {
        folders.insert(directory.path.appending(file.path).parent)
      }
    }
    for folder in folders {
      try synchronizeDirectory(folder)
      var child = folder
      while durableFolders.insert(child).inserted {
        child = child.parent
        try synchronizeDirectory(child)
      }
    }
  }
}
