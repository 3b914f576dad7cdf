import Execution
import Inference

/// The memory of one worker for the networks that it runs: that of the request, and those of items
/// with options of their own that were used last.
struct WorkspacePool {
  private let maximumBatch: Int
  private let threads: Int
  private let base: Entry
  /// The one used last comes last.
  private var others: [Entry] = []

  /// A workspace, and a classifier that keeps its network alive.
  private struct Entry {
    var classifier: Classifier
    var workspace: Workspace
  }

  private static let otherLimit = 2

  init(_ classifier: Classifier, maximumBatch: Int, threads: Int) {
    self.maximumBatch = maximumBatch
    self.threads = threads
    base = Entry(
      classifier: classifier,
      workspace: classifier.makeWorkspace(maximumBatch: maximumBatch, threads: threads))
  }

  mutating func workspace(for classifier: Classifier) -> Workspace {
    if classifier.networkID == base.classifier.networkID { return base.workspace }
    if let place = others.firstIndex(where: { $0.classifier.networkID == classifier.networkID }) {
      others.append(others.remove(at: place))
    } else {
      if others.count >= Self.otherLimit { others.removeFirst() }
      others.append(
        Entry(
          classifier: classifier,
          workspace: classifier.makeWorkspace(maximumBatch: maximumBatch, threads: threads)))
    }
    return others[others.count - 1].workspace
  }
}
