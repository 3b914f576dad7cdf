import Digests
public import Faults
import FileAccess
public import JSON
public import Metrics
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// What a finished run knows of items whose true class is known: their logits.
public struct LabelledResults {
  private let directory: RunDirectory
  private let reader: ResultReader

  /// - Throws: `Fault` with code `job.not_found` where there is no run, or it has not finished.
  public init(_ directory: RunDirectory) throws(Fault) {
    self.directory = directory
    reader = try ResultReader(directory)
  }

  /// The model as the run's fingerprint has it.
  public var model: JSONValue { reader.specification.fingerprint.json["model"] ?? .null }

  /// Which run it is.
  public var identity: JSONValue {
    [
      "job_id": .string(reader.specification.jobID),
      "run_digest": JSONValue(reader.summary.runDigest),
    ]
  }

  /// Adds the items whose true class is known.
  /// - Returns: how many there were.
  /// - Throws: `Fault` with code `input.not_found` for a run without logits or without labels,
  ///   `run.corrupt` for logits that are not those of the results.
  public func add(to logits: inout LabelledLogits) throws(Fault) -> Int {
    let path = directory.path.display
    guard try FileStamp(of: directory.logits) != nil else {
      throw Fault(
        .inputNotFound, "the run in \(path) kept no logits: run it anew with --save-logits")
    }
    let file = try Descriptor(opening: directory.logits, O_RDONLY | O_NOFOLLOW)
    let layout: NPYLayout
    do throws(Fault) {
      layout = try NPYLayout(try file.read(at: 0, count: NPYLayout.prefixBytes))
    } catch {
      throw Fault(.runCorrupt, "\(directory.logits.display): \(error.message)", cause: error)
    }
    guard layout.dtype == .float32, layout.shape.rank == 2, layout.shape[1] == logits.classCount
    else {
      throw damaged("does not hold \(logits.classCount) numbers an item")
    }
    var count = 0
    while let (value, _) = try reader.next() {
      guard let result = value["result"],
        let truth = result["truth"].flatMap(ItemTruth.init(json:)),
        case .scored(let scores) = truth
      else { continue }
      guard let row = result["logits"]?["row"]?.int, (0..<layout.shape[0]).contains(row),
        (0..<logits.classCount).contains(scores.index)
      else { throw damaged("lacks the row of \(printable(value["id"]?.string ?? "an item"))") }
      let size = 4 * logits.classCount
      let bytes = try file.read(at: layout.start + row * size, count: size)
      guard bytes.count == size, SHA256.hex(of: bytes) == result["logits"]?["sha256"]?.string
      else { throw damaged("has another row \(row) than its result says") }
      let numbers = stride(from: 0, to: size, by: 4).map { place in
        Float(
          bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
        )
      }
      guard numbers.allSatisfy(\.isFinite) else { throw damaged("has numbers that are not finite") }
      logits.add(numbers, truth: scores.index)
      count += 1
    }
    guard count > 0 else {
      throw Fault(
        .inputNotFound,
        "no item of the run in \(path) has a label that names a class: give labels in its manifest")
    }
    return count
  }

  private func damaged(_ what: String) -> Fault {
    Fault(
      .runCorrupt,
      "\(directory.logits.display) \(what): infercam runs verify tells what is damaged")
  }
}
