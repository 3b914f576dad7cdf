import Faults
import FileAccess
import Synchronization
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// A file that has been written whole under a temporary name, and waits to be flushed and named.
///
/// The descriptor stays open until then: only on it does the system tell of a write that fails later.
final class StagedFile: Sendable {
  private let temporary: RawPath
  let path: RawPath
  private let file: Monitor<Descriptor?>
  private let budget: StagingBudget

  /// - Returns: `nil` when too many files are staged; nothing is written then.
  init?(
    _ bytes: [UInt8], at path: RawPath, temporary: RawPath, _ budget: StagingBudget
  ) throws(Fault) {
    guard budget.take() else { return nil }
    self.temporary = temporary
    self.path = path
    self.budget = budget
    do throws(Fault) {
      let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
      try file.write(bytes)
      file.startWriteback()
      self.file = Monitor(consume file)
    } catch {
      budget.giveBack()
      try? removeFile(temporary)
      throw error
    }
  }

  deinit {
    guard let open = file.withLock({ $0.take() }) else { return }
    _ = consume open
    budget.giveBack()
    try? removeFile(temporary)
  }

  /// How a file gets to the disk before it gets its name.
  enum Flush {
    /// Durably.
    case file
    /// Up to the disk; that it stays there is left to a flush of the filesystem.
    case contents
  }

  /// Flushes the file, closes it and gives it its name.
  func publish(_ flush: Flush) throws(Fault) {
    guard let file = file.withLock({ $0.take() }) else { return }
    budget.giveBack()
    do throws(Fault) {
      switch flush {
      case .file: try file.synchronize()
      case .contents: try file.finishWriteback()
      }
      try file.close()
      try Self.rename(temporary, to: path)
    } catch {
      try? removeFile(temporary)
      throw error
    }
  }

  private static func rename(_ temporary: RawPath, to path: RawPath) throws(Fault) {
    do throws(Fault) {
      try renameFile(temporary, to: path)
    } catch {
      guard error.code == .inputNotFound else { throw error }
      try createDirectories(path.parent)
      try renameFile(temporary, to: path)
    }
  }
}

/// How many files may be staged at once: each holds a descriptor.
public final class StagingBudget: Sendable {
  private let left: Atomic<Int>

  /// - Parameter limit: a quarter of the descriptors that the process may have by default.
  public init(limit: Int? = nil) {
    left = Atomic(limit ?? min(256, openFileLimit() / 4))
  }

  func take() -> Bool {
    if left.subtract(1, ordering: .relaxed).newValue >= 0 { return true }
    giveBack()
    return false
  }

  func giveBack() {
    left.add(1, ordering: .relaxed)
  }
}
