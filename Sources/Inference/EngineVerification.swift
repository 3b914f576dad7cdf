import Execution
public import Faults
import Graphs
import Metrics
public import Models
import Tensors

/// How far an engine's logits are from those of the operators' reference functions.
public struct EngineVerification: Sendable {
  /// The kernels and how they sum.
  public let engine: EngineOptions
  /// Logits compared: the classes times the pictures.
  public let count: Int
  /// The largest difference of a logit.
  public let maximum: Double
  /// The largest magnitude of a reference logit.
  public let scale: Double
  /// Pictures whose first class is another one, where more than the tolerance parts it from its rival.
  public let flips: Int
  /// Whether all differences are within the tolerance.
  public let passed: Bool
}

extension ModelVersion {
  /// Compares each way of computing the model with the reference functions of its graph's operators on
  /// two pictures of fixed numbers.
  ///
  /// The reference functions run on the graph before any rewriting; on a quantised graph after it,
  /// where operators sum integers.
  /// A difference may be `absolute` plus `relative` times the largest reference logit.
  /// - Throws: `Fault` with a code of the model, `model.non_finite` for logits that are no numbers.
  public func verifyEngines(
    relative: Double, absolute: Double
  ) throws(Fault) -> [EngineVerification] {
    let prepared = try NetworkPreparation(self, layers: [])
    let inputs = try Self.pictures(
      spec.input, shape: prepared.graph[prepared.input].type?.shape ?? [],
      isChannelsLast: prepared.isChannelsLast)
    // Rounding to integers is defined by the integers that are summed, which rewriting finds.
    let isQuantized = prepared.unoptimized.nodes.contains {
      ["QuantizeLinear", "DynamicQuantizeLinear", "QLinearConv"].contains($0.op.opType)
    }
    let executor = ReferenceExecutor(isQuantized ? prepared.graph : prepared.unoptimized)
    var expected: [[Float]] = []
    for input in inputs {
      let results = try executor.run(inputs: [prepared.input: input], keep: [prepared.logits])
      guard let logits = results[prepared.logits]?.elements(of: Float.self) else {
        throw Fault(.internalError, "the reference functions gave no logits")
      }
      _ = try prepared.scores.probabilities(logits)
      expected.append(logits)
    }
    var engines = [EngineOptions(), EngineOptions(), EngineOptions()]
    engines[1].numerics = .exact
    engines[2].kernels = .blas
    return try engines.map { engine throws(Fault) in
      let network = try Network(
        prepared.graph, results: [prepared.logits], kernels: engine.kernels,
        numerics: engine.numerics)
      let workspace = network.makeWorkspace(maximumBatch: inputs.count)
      for (image, input) in inputs.enumerated() { workspace.setInput(input, image: image) }
      try network.run(images: inputs.count, in: workspace)
      let actual = inputs.indices.map {
        workspace.result(prepared.logits, image: $0).elements(of: Float.self)
      }
      return EngineVerification(
        engine, actual: actual, expected: expected, relative: relative, absolute: absolute)
    }
  }

  /// A picture of slopes and one of noise, as the numbers that the network takes.
  private static func pictures(
    _ input: ModelSpec.Input, shape: Shape, isChannelsLast: Bool
  ) throws(Fault) -> [Tensor] {
    let channels = input.color.channelCount
    var state: UInt32 = 1
    func noise(_: Int, _: Int, _: Int) -> Int {
      state = state &* 1_664_525 &+ 1_013_904_223
      return Int(state >> 24)
    }
    func slope(_ channel: Int, _ y: Int, _ x: Int) -> Int {
      (x * 255 / input.width + (channel + 1) * y * 255 / input.height) % 256
    }
    return [slope, noise].map { value in
      let tensor = Tensor(zeros: .float32, shape)
      let numbers = tensor.base.assumingMemoryBound(to: Float.self)
      for y in 0..<input.height {
        for x in 0..<input.width {
          for channel in 0..<channels {
            let place =
              isChannelsLast
              ? (y * input.width + x) * channels + channel
              : (channel * input.height + y) * input.width + x
            numbers[place] =
              (Float(value(channel, y, x)) / 255 - Float(input.mean[channel]))
              / Float(input.std[channel])
          }
        }
      }
      return tensor
    }
  }
}

extension EngineVerification {
  fileprivate init(
    _ engine: EngineOptions, actual: [[Float]], expected: [[Float]], relative: Double,
    absolute: Double
  ) {
    var (maximum, scale, isFinite) = (0.0, 0.0, true)
    for (mine, theirs) in zip(actual, expected) {
      for (a, b) in zip(mine, theirs) {
        let difference = (Double(a) - Double(b)).magnitude
        if !difference.isFinite { isFinite = false }
        maximum = max(maximum, difference)
        scale = max(scale, Double(b.magnitude))
      }
    }
    let limit = absolute + relative * scale
    let flips = zip(actual, expected).count { mine, theirs in
      let (first, other) = (mine.firstMaximum ?? 0, theirs.firstMaximum ?? 0)
      return first != other && Double(theirs[other] - theirs[first]) > 2 * limit
    }
    self.engine = engine
    self.count = expected.reduce(0) { $0 + $1.count }
    self.maximum = maximum
    self.scale = scale
    self.flips = flips
    self.passed = isFinite && maximum <= limit && flips == 0
  }
}
