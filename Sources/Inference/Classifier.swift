import Attribution
import Digests
public import Execution
public import Faults
import Graphs
import Images
public import Models
import Requests
import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// One loaded model version with what is asked of it; shared by all workers.
///
/// Bytes go in, predictions and heatmaps come out. No image's result depends on the others of its
/// batch.
public final class Classifier: Sendable {
  public let model: ModelVersion
  public let request: InferenceRequest
  /// The names of the layers that are explained; none when nothing is.
  let layerNames: [String]
  /// Whether gradients take rounding to integers as the identity.
  let isStraightThrough: Bool
  let network: Network
  let logits: ValueID
  let scores: ClassScores
  let isChannelsLast: Bool
  /// Whether the model's own input holds integers, such as the bytes of pixels.
  let takesIntegers: Bool
  /// What explains each of the layers.
  let attributors: [Attributor]
  let allClasses: AllClassExplainer?
  let normalization: Normalization

  /// Loads the model: maps its file, checks its digest, imports and compiles its graph.
  /// - Throws: `Fault` with a code of the model, `layer.not_found` or `explain.not_supported`.
  public init(
    _ model: ModelVersion, request: InferenceRequest, engine: EngineOptions = EngineOptions()
  ) throws(Fault) {
    let options = request.gradCAM
    let prepared = try NetworkPreparation(model, layers: options.enabled ? options.layers : [])
    let kernels = try engine.kernels.table(engine.instructionSet, engine.precision)
    var attributors: [Attributor] = []
    for layer in prepared.layers {
      attributors.append(
        try Attributor(
          options.method, prepared.graph, layer: layer, logits: prepared.logits, kernels: kernels,
          sharing: attributors))
    }
    self.model = model
    self.request = request
    self.attributors = attributors
    self.allClasses =
      options.enabled && options.explainsAll ? try attributors.first?.allClasses() : nil
    self.layerNames = prepared.layers.map { prepared.graph[$0].name }
    self.isStraightThrough = prepared.layers.contains { layer in
      prepared.graph.isStraightThrough(from: layer, to: prepared.logits)
    }
    self.logits = prepared.logits
    self.scores = prepared.scores
    self.isChannelsLast = prepared.isChannelsLast
    self.takesIntegers = prepared.takesIntegers
    self.network = try Network(
      prepared.graph, results: [prepared.logits] + attributors.flatMap(\.requiredValues),
      kernels: engine.kernels, numerics: engine.numerics, precision: engine.precision,
      instructionSet: engine.instructionSet)
    let input = model.spec.input
    self.normalization = try Normalization(
      order: ColorOrder(input.color), mean: input.mean, std: input.std)
    try checkTargets()
  }

  /// The same network with another request, which must be one that it `serves`.
  /// - Throws: `Fault` for targets that the model does not have, or maps that cannot be made.
  init(sharing other: Classifier, request: InferenceRequest) throws(Fault) {
    let options = request.gradCAM
    self.model = other.model
    self.request = request
    self.attributors = options.enabled ? other.attributors : []
    self.allClasses =
      options.enabled && options.explainsAll ? try attributors.first?.allClasses() : nil
    self.layerNames = options.enabled ? other.layerNames : []
    self.isStraightThrough = other.isStraightThrough
    self.logits = other.logits
    self.scores = other.scores
    self.isChannelsLast = other.isChannelsLast
    self.takesIntegers = other.takesIntegers
    self.network = other.network
    self.normalization = other.normalization
    try checkTargets()
  }

  /// Whether the network keeps what another request needs.
  func serves(_ other: InferenceRequest) -> Bool {
    let (mine, theirs) = (request.gradCAM, other.gradCAM)
    if !theirs.enabled { return true }
    return mine.enabled && mine.layers == theirs.layers && mine.method == theirs.method
  }

  /// Tells networks apart: classifiers of one network can use one workspace.
  public var networkID: ObjectIdentifier { ObjectIdentifier(network) }

  /// The name of the layer that is explained; of several, with commas between them.
  public var layerName: String? {
    layerNames.isEmpty ? nil : layerNames.joined(separator: ",")
  }

  /// Allocates the memory one worker needs.
  /// - Parameter threads: how many threads pass each batch through the network together.
  public func makeWorkspace(maximumBatch: Int, threads: Int = 1) -> Workspace {
    network.makeWorkspace(maximumBatch: maximumBatch, threads: threads)
  }

  /// Classifies and explains a batch; an image that fails leaves the others alone.
  ///
  /// The batch may be larger than the workspace: it then runs in several parts.
  public func predict(
    _ inputs: [PreparedInput], workspace: Workspace
  ) -> [Result<Prediction, Fault>] {
    var results: [Result<Prediction, Fault>] = []
    var start = 0
    while start < inputs.count {
      let end = min(start + workspace.maximumBatch, inputs.count)
      results += predictPart(Array(inputs[start..<end]), workspace)
      start = end
    }
    return results
  }

  private func predictPart(
    _ inputs: [PreparedInput], _ workspace: Workspace
  ) -> [Result<Prediction, Fault>] {
    let started = milliseconds()
    for (image, input) in inputs.enumerated() {
      input.write(normalization, isChannelsLast: isChannelsLast, to: workspace, image: image)
    }
    do throws(Fault) {
      try network.run(images: inputs.count, in: workspace)
    } catch {
      return inputs.map { _ in .failure(error) }
    }
    let share = (milliseconds() - started) / Double(inputs.count)
    var results = inputs.indices.map { image in
      Result { () throws(Fault) in
        try prediction(workspace, image: image, milliseconds: share)
      }
    }
    if !attributors.isEmpty, scoreCAMLayers.isEmpty {
      explain(&results, of: inputs, workspace)
    }
    guard explainsInFurtherPasses else { return results }
    // From here on the network runs again, in the memory that holds the layers of these inputs.
    let activations = inputs.indices.map { image in
      scoreCAMLayers.map { workspace.result($0, image: image).copy() }
    }
    return inputs.indices.map { image in
      results[image].flatMap { prediction in
        Result { () throws(Fault) in
          var prediction = prediction
          if !scoreCAMLayers.isEmpty {
            try explainByScores(&prediction, of: inputs[image], activations[image], workspace)
          }
          try judge(&prediction, of: inputs[image], workspace)
          return prediction
        }
      }
    }
  }

  private var scoreCAMLayers: [ValueID] {
    attributors.compactMap { if case .scoreCAM(let scoreCAM) = $0 { scoreCAM.layer } else { nil } }
  }

  private var explainsInFurtherPasses: Bool {
    !attributors.isEmpty && (request.gradCAM.faithfulness || !scoreCAMLayers.isEmpty)
  }

  /// What the network says of one image, without its maps.
  private func prediction(
    _ workspace: Workspace, image: Int, milliseconds share: Double
  ) throws(Fault) -> Prediction {
    let values = workspace.result(logits, image: image).elements(of: Float.self)
    let probabilities = try scores.probabilities(values)
    let count = min(request.classify.topK, probabilities.count)
    let ranking = ClassScores.ranking(probabilities, count: count)
    let classes = ranking.map { index in
      RankedClass(
        index: index, id: model.labels.classes[index].id,
        label: model.labels.classes[index].label, probability: probabilities[index])
    }
    return Prediction(
      logits: values, probabilities: probabilities,
      ranking: classes.filter { Double($0.probability) >= request.classify.probThreshold },
      effectiveTopK: count, inferenceMilliseconds: share)
  }
}

extension ColorOrder {
  init(_ color: ModelSpec.Color) {
    switch color {
    case .rgb: self = .rgb
    case .bgr: self = .bgr
    case .gray: self = .gray
    }
  }
}

/// Milliseconds of a clock that never goes back.
func milliseconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
}
