import Images
import Inference
import Requests
import Workers

/// What the network has said about contents that occur more than once, so that it is asked once.
///
/// Items of the same bytes and the same options share a prediction, also while it is being computed;
/// each has its own record and its own files. Predictions are kept up to a number of bytes of the heap,
/// the oldest go first. What is shared changes no result.
final class SharedPredictions: Sendable {
  /// What a prediction follows from, within one run.
  struct Key: Hashable, Sendable {
    var sha256: String
    var declared: MediaType?
    var label: String?
    var options: ItemOptions
    /// The place of an item that shares nothing; `nil` for all others.
    var unshared: Int?
  }

  /// A prediction, and the prepared input where drawing needs none of its pixels.
  struct Shared: Sendable {
    var prediction: Prediction
    var input: PreparedInput?
  }

  /// What is to be done about a content.
  enum Claim: Sendable {
    /// It is the caller's, who must `settle` it.
    case owned
    case known(Shared)
    /// Somebody else is computing it.
    case awaited
  }

  fileprivate enum Entry: Sendable {
    case inWork
    indirect case done(Shared, bytes: Int)
  }

  fileprivate struct State {
    var entries: [Key: Entry] = [:]
    /// The keys of what is done, oldest first from `head` on, `nil` before.
    var done: [Key?] = []
    var head = 0
    var bytes = 0
  }

  private let state = Monitor(State())
  private let byteLimit: Int

  init(byteLimit: Int = 8 << 20) {
    self.byteLimit = byteLimit
  }

  func claim(_ key: Key) -> Claim {
    state.withLock { state in
      switch state.entries[key] {
      case .done(let shared, _): return .known(shared)
      case .inWork: return .awaited
      case nil:
        state.entries[key] = .inWork
        return .owned
      }
    }
  }

  /// Waits until a content is in nobody's work any more.
  func waitForOthers(_ key: Key) {
    let _: Bool = state.wait { state in
      if case .inWork? = state.entries[key] { nil } else { true }
    }
  }

  /// Ends a claim.
  /// - Parameter shared: `nil` when there is nothing to share: the next one computes it again.
  func settle(_ key: Key, _ shared: Shared?) {
    let byteLimit = byteLimit
    state.update { state in
      guard case .inWork? = state.entries[key] else { return }
      guard let shared else {
        state.entries[key] = nil
        return
      }
      let bytes = Self.heapBytes(of: shared, for: key)
      state.entries[key] = .done(shared, bytes: bytes)
      state.done.append(key)
      state.bytes += bytes
      state.forget(beyond: byteLimit)
    }
  }
}

extension SharedPredictions {
  /// Bytes of the heap that a prediction keeps from being freed while it is kept.
  static func heapBytes(of shared: Shared, for key: Key) -> Int {
    // Tables are up to twice as large as what is in them.
    let places = 2 * (2 * MemoryLayout<Key?>.stride + MemoryLayout<Entry>.stride)
    return places + MemoryLayout<Shared>.stride + heapBlockBytes + key.heapBytes
      + shared.prediction.heapBytes + (shared.input?.heapBytesWithoutPixels ?? 0)
  }

  /// How many predictions are kept, and their bytes.
  var kept: (count: Int, bytes: Int) {
    state.withLock { ($0.done.count - $0.head, $0.bytes) }
  }
}

extension SharedPredictions.Key {
  fileprivate var heapBytes: Int {
    sha256.heapBytes + (label?.heapBytes ?? 0) + options.heapBytes
  }
}

extension SharedPredictions.State {
  /// Forgets the oldest predictions.
  fileprivate mutating func forget(beyond limit: Int) {
    while bytes > limit, head < done.count, let key = done[head] {
      if case .done(_, let size)? = entries.removeValue(forKey: key) { bytes -= size }
      done[head] = nil
      head += 1
    }
    if head > 64, head > done.count / 2 {
      done.removeFirst(head)
      head = 0
    }
  }
}
