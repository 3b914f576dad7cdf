import Execution
import Faults
import Images
import Inference
import JSON
import Models
import Options
import Requests
import Workers

extension Verb {
  static let bench = Verb(
    VerbHelp(
      "bench", "Measure how many images per second a model takes", usage: "[MODEL] [FLAGS]",
      text: """
        Each worker sends batches of one random image, already prepared, through the network for as \
        long as told; with --heatmap each is explained too. --threads lets several threads pass each \
        batch through the network together. Reading, decoding and writing are not measured.
        """,
      examples: [
        (
          "infercam bench -m resnet50.onnx --batch 8 -j 2 --seconds 4 --json",
          "throughput and the time of a batch"
        ),
        ("infercam bench -m resnet50 --heatmap npy --json", "the same with Grad-CAM"),
        (
          "infercam bench -m resnet50 --batch 1 -j 1 --threads 2",
          "one image at a time on two processors"
        ),
      ]),
    flags: Flag.model + Flag.explain + Flag.work + [Flag.threads, Flag.seconds],
    body: benchVerb)
}

private func benchVerb(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let arguments = invocation.arguments
  let model = try invocation.modelOfPositional()
  invocation.describe(model)
  let request = try invocation.inferenceRequest(standard: [])
  let classifier = try Classifier(model, request: request, engine: arguments.engine)
  let input = try classifier.prepare(
    randomBitmap(width: model.spec.input.width, height: model.spec.input.height),
    declared: .bmp)
  let measured = try measure(
    classifier, input, workers: invocation.workers, threads: arguments.threads,
    batch: arguments.batch, seconds: arguments.seconds)
  let report = BenchReport(measured, batch: arguments.batch)
  if !invocation.printsTable {
    var members = report.json
    members["model"] = .string(model.name)
    members["model_version"] = .string(model.version)
    members["batch"] = JSONValue(arguments.batch)
    members["workers"] = JSONValue(invocation.workers)
    members["threads"] = JSONValue(arguments.threads)
    members["kernels"] = .string(arguments.engine.kernels.rawValue)
    members["numerics"] = .string(arguments.engine.numerics.rawValue)
    members["precision"] = .string(arguments.engine.precision.rawValue)
    members["heatmap"] = .bool(request.gradCAM.enabled)
    try console.print(JSONValue.object(members).encodedText)
  } else {
    try console.print(report.text)
  }
  return isInterrupted() ? interruptionStatus() : ExitStatus.success
}

/// When a batch began and ended, in seconds from the start of the measurement.
private struct BatchTime: Sendable {
  var start: Double
  var end: Double
}

/// Runs batches in all workers at once; returns the times of each worker's batches.
private func measure(
  _ classifier: Classifier, _ input: PreparedInput, workers: Int, threads: Int, batch: Int,
  seconds: Double
) throws(Fault) -> [BatchTime] {
  let results = BoundedQueue<Result<[BatchTime], Fault>>(capacity: workers)
  let gate = Monitor(workers)
  let inputs = [PreparedInput](repeating: input, count: batch)
  var group = ThreadGroup()
  for index in 0..<workers {
    let isStarted = group.start("bench-\(index)") {
      do throws(Fault) {
        results.push(.success(try measureWorker(classifier, inputs, threads, gate, seconds)))
      } catch {
        gate.update { $0 -= 1 }
        results.push(.failure(error))
      }
    }
    if !isStarted { throw Fault(.resourceExhausted, "no thread could be started") }
  }
  var times: [BatchTime] = []
  var fault: Fault?
  for _ in 0..<workers {
    switch results.pop() {
    case .success(let measured)?: times += measured
    case .failure(let error)?: fault = fault ?? error
    case nil: break
    }
  }
  group.join()
  if let fault { throw fault }
  return times
}

private func measureWorker(
  _ classifier: Classifier, _ inputs: [PreparedInput], _ threads: Int, _ gate: Monitor<Int>,
  _ seconds: Double
) throws(Fault) -> [BatchTime] {
  let workspace = classifier.makeWorkspace(maximumBatch: inputs.count, threads: threads)
  // The first batch maps pages and packs weights; it does not count.
  for result in classifier.predict(inputs, workspace: workspace) { _ = try result.get() }
  gate.update { $0 -= 1 }
  _ = gate.wait { $0 <= 0 ? true : nil }
  let clock = Stopwatch()
  var times: [BatchTime] = []
  while clock.seconds < seconds, !isInterrupted() {
    let start = clock.seconds
    for result in classifier.predict(inputs, workspace: workspace) { _ = try result.get() }
    times.append(BatchTime(start: start, end: clock.seconds))
  }
  return times
}

private struct BenchReport {
  private let latencies: [Double]
  private let rates: [Double]
  private let images: Int
  private let seconds: Double

  /// How many windows the time is cut into to find the best and the median rate.
  private static let windows = 8

  init(_ times: [BatchTime], batch: Int) {
    latencies = times.map { ($0.end - $0.start) * 1000 }.sorted()
    images = times.count * batch
    seconds = times.map(\.end).max() ?? 0
    let window = seconds / Double(Self.windows)
    var counts = [Double](repeating: 0, count: Self.windows)
    for time in times where window > 0 {
      // A batch counts in each window by the share of its time that lies in it.
      for index in counts.indices {
        let low = max(time.start, Double(index) * window)
        let high = min(time.end, Double(index + 1) * window)
        if high > low, time.end > time.start {
          counts[index] += Double(batch) * (high - low) / (time.end - time.start)
        }
      }
    }
    rates = counts.map { window > 0 ? $0 / window : 0 }.sorted()
  }

  private func percentile(_ share: Double) -> Double {
    guard let last = latencies.indices.last else { return 0 }
    return latencies[min(last, Int((Double(last) * share).rounded()))]
  }

  private var median: Double {
    (rates[(rates.count - 1) / 2] + rates[rates.count / 2]) / 2
  }

  var json: [String: JSONValue] {
    [
      "images_per_s": [
        "best": rounded(rates.last ?? 0), "median": rounded(median),
        "mean": rounded(seconds > 0 ? Double(images) / seconds : 0),
      ],
      "latency_ms": [
        "p50": rounded(percentile(0.5)), "p90": rounded(percentile(0.9)),
        "p99": rounded(percentile(0.99)),
      ],
      "images": JSONValue(images), "seconds": rounded(seconds),
    ]
  }

  var text: String {
    var table = Table(["", "BEST", "MEDIAN", "P50", "P90", "P99"], numeric: [1, 2, 3, 4, 5])
    table.add(["images/s", decimal(rates.last ?? 0, 1), decimal(median, 1)])
    let times = [0.5, 0.9, 0.99].map { decimal(percentile($0), 2) }
    table.add(["ms/batch", "", ""] + times)
    return table.text
  }

  private func rounded(_ value: Double) -> JSONValue {
    .double((value * 1000).rounded() / 1000)
  }
}

/// Returns a BMP file of reproducible noise.
private func randomBitmap(width: Int, height: Int) -> [UInt8] {
  let stride = (width * 3 + 3) / 4 * 4
  let size = 54 + stride * height
  var bytes: [UInt8] = [0x42, 0x4D]
  func append(_ value: Int, _ count: Int) {
    for shift in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
  }
  append(size, 4)
  append(0, 4)
  append(54, 4)
  append(40, 4)
  append(width, 4)
  append(height, 4)
  append(1, 2)
  append(24, 2)
  append(0, 4)
  append(stride * height, 4)
  for _ in 0..<4 { append(0, 4) }
  var state: UInt32 = 0x2545_F491
  while bytes.count < size {
    state = state &* 1_664_525 &+ 1_013_904_223
    bytes.append(UInt8(truncatingIfNeeded: state >> 24))
  }
  return bytes
}
