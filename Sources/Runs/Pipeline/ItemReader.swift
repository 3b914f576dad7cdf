import Faults
import FileAccess
import Images
import Inference
import JSON
import Workers

/// Reads and prepares items; each worker has its own.
///
/// With `--item-timeout` a thread beside reads and decodes, so that an item whose file never answers
/// ends as a failure of that item.
struct ItemReader: ~Copyable {
  private let settings: PipelineSettings
  private var thread: TimedThread

  /// Why an item has not been read or prepared, with what is known of its file.
  struct Failure: Error {
    var fault: Fault
    var stamp: FileStamp?
  }

  /// An item as the model sees it, and as the compared one does where there is one.
  struct Prepared: Sendable {
    var input: PreparedInput
    var compared: Result<PreparedInput, Fault>?
  }

  init(_ settings: PipelineSettings) {
    self.settings = settings
    thread = TimedThread(settings.abandonedCalls)
  }

  /// - Throws: `Fault` when too many reads go on without an end.
  mutating func read(
    _ item: InputItem
  ) throws(Fault) -> Result<InputReader.Contents, Failure> {
    let reader = settings.reader
    guard let seconds = settings.itemTimeout else { return Self.read(item, reader) }
    // The state of the file is known before a read that hangs, so that a resume finds it unchanged.
    let stamp = Monitor<FileStamp?>(nil)
    let result = try thread.call(seconds: seconds) {
      () -> Result<InputReader.Contents, Failure> in
      let found = reader.stamp(of: item)
      stamp.withLock { $0 = found }
      return Self.read(item, reader)
    }
    return result
      ?? .failure(
        Failure(fault: Fault(item, slowerThan: seconds), stamp: stamp.withLock { $0 }))
  }

  /// Decodes and prepares what has been read.
  /// - Parameters:
  ///   - memory: is kept until the decoding has ended.
  ///   - spent: seconds that the item has taken already.
  /// - Throws: `Fault` when too many items go on without an end.
  mutating func prepare(
    _ admitted: ItemWorker.Admitted, in memory: MemoryBudget.Reservation?, spent: Double
  ) throws(Fault) -> Result<Prepared, Fault> {
    let compared = settings.compared?.classifier
    let prepare = { @Sendable () -> Result<Prepared, Fault> in
      defer { withExtendedLifetime(memory) {} }
      let (contents, item) = (admitted.contents, admitted.item)
      let label = item.echo["label"]?.string
      return Result { () throws(Fault) in
        guard let compared else {
          return Prepared(
            input: try admitted.classifier.prepare(
              contents.bytes, sha256: contents.sha256, declared: item.declaredType, label: label))
        }
        let (input, other) = try admitted.classifier.prepare(
          contents.bytes, sha256: contents.sha256, declared: item.declaredType, label: label,
          beside: compared)
        return Prepared(input: input, compared: other)
      }
    }
    guard let seconds = settings.itemTimeout else { return prepare() }
    return try thread.call(seconds: max(0.001, seconds - spent), prepare)
      ?? .failure(Fault(admitted.item, slowerThan: seconds))
  }

  private static func read(
    _ item: InputItem, _ reader: InputReader
  ) -> Result<InputReader.Contents, Failure> {
    #if DEBUG
    FaultPoints.reach(reading: item.id)
    #endif
    do throws(Fault) {
      return .success(try reader.read(item))
    } catch {
      return .failure(Failure(fault: error, stamp: reader.stamp(of: item)))
    }
  }
}

extension Fault {
  /// The fault of an item that takes longer than it may.
  init(_ item: InputItem, slowerThan seconds: Double) {
    self.init(
      .timeoutItem, "\(item.display) took longer than \(seconds) s: raise --item-timeout")
  }
}
