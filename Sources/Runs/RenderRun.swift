public import Faults
public import FileAccess
import Images
import Inference
import JSON
import Models
public import Requests
import Tensors
import Workers

#if canImport(Glibc)
import Glibc
#endif

/// What drawing a finished run's stored maps anew is told.
public struct RenderRequest: Sendable {
  /// Where the files go.
  public var output: RawPath
  /// The formats; `nil` for those of the run.
  public var formats: [HeatmapFormat]?
  /// What is drawn otherwise than in the run.
  public var change: @Sendable (inout GradCAMOptions) -> Void
  /// From where images under overlays are read.
  public var access = InputAccess()
  public var workers = 1

  public init(
    output: RawPath, formats: [HeatmapFormat]?,
    change: @escaping @Sendable (inout GradCAMOptions) -> Void
  ) {
    self.output = output
    self.formats = formats
    self.change = change
  }
}

/// What came of drawing a run anew.
public struct RenderReport: Sendable {
  /// Items that were drawn.
  public internal(set) var rendered = 0
  public internal(set) var files = 0
  /// Items without a map of a class: failed ones, and those that only keep the maps of all classes.
  public internal(set) var skipped = 0
  public internal(set) var failures: [(id: String, fault: Fault)] = []
}

extension RunDirectory {
  /// Draws the stored maps of a finished run into another folder; nothing is inferred.
  ///
  /// A file that is drawn as the run drew it has the same bytes.
  /// - Throws: `Fault` with code `job.not_found`, `param.out_of_range` for an output inside a run, or
  ///   that of storage.
  public func render(_ request: RenderRequest) throws(Fault) -> RenderReport {
    _ = try finishedSummary()
    let (specification, _) = try read()
    for folder in [request.output, request.output.parent]
    where try FileStamp(of: folder.appending("run.json")) != nil {
      throw Fault(
        .paramOutOfRange,
        "\(request.output.display) lies in a run, whose files never change: choose another --output"
      )
    }
    var renderer = try RunRenderer(self, specification, request)
    let inputs = try readInputs(specification)
    if renderer.needsRunMaximum {
      var highest: Float = 0
      try eachResult { (value) throws(Fault) in
        for map in RunRenderer.maps(of: value) {
          highest = max(highest, Float(map["raw"]?["max"]?.double ?? 0))
        }
      }
      renderer.runMaximum = highest
    }
    try createDirectories(request.output)
    let session = RenderSession(renderer, inputs, chunk: 4 * max(1, request.workers))
    let index = request.output.appending("heatmaps.jsonl")
    let part = request.output.appending(".heatmaps.jsonl.part")
    let file = try Descriptor(opening: part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
    do throws(Fault) {
      try eachResult { (value) throws(Fault) in
        try session.add(value) { (line) throws(Fault) in try file.write(line) }
      }
      try session.flush { (line) throws(Fault) in try file.write(line) }
      try file.close()
      try renameFile(part, to: index)
    } catch {
      try? removeFile(part)
      throw error
    }
    return session.report
  }
}

/// Draws results in chunks by several threads, and reports them in order.
private final class RenderSession {
  private let renderer: RunRenderer
  private var items: InputList.Cursor
  private let chunk: Int
  private var pending: [(result: JSONValue, item: InputItem?)] = []
  private(set) var report = RenderReport()

  init(_ renderer: RunRenderer, _ inputs: InputList, chunk: Int) {
    self.renderer = renderer
    self.chunk = chunk
    items = inputs.makeIterator()
  }

  func add(_ result: JSONValue, _ write: ([UInt8]) throws(Fault) -> Void) throws(Fault) {
    pending.append((result, items.next()))
    if pending.count == chunk { try flush(write) }
  }

  /// Draws what is pending.
  func flush(_ write: ([UInt8]) throws(Fault) -> Void) throws(Fault) {
    let work = pending
    pending = []
    let renderer = renderer
    let results = computeInThreads(work.count, threads: renderer.workers, name: "render") {
      let files = renderer.makeFiles()
      return { place in
        Result { () throws(Fault) in
          try renderer.render(work[place].result, work[place].item, from: files)
        }
      }
    }
    guard let results else { throw Fault(.resourceExhausted, "no thread could be started") }
    for (result, entry) in zip(results, work) {
      switch result {
      case .success(let files):
        if files.isEmpty { report.skipped += 1 } else { report.rendered += 1 }
        report.files += files.count
        for file in files { try write(file.encoded() + [0x0A]) }
      case .failure(let fault):
        if fault.kind == .serverError { throw fault }
        report.failures.append((entry.result["id"]?.string ?? "", fault))
      }
    }
  }
}
