import Digests
import Execution
public import Faults
import FileAccess
public import Images
public import Inference
import Metrics
public import Models
import Requests
import Workers

/// An input of a golden: its bytes and what it is called.
public struct GoldenInput: Sendable {
  public var name: String
  public var bytes: [UInt8]
  public var declared: MediaType?

  public init(name: String, bytes: [UInt8], declared: MediaType?) {
    self.name = name
    self.bytes = bytes
    self.declared = declared
  }
}

/// Which inner layers are looked at.
public enum LayerSelection: Sendable, Hashable {
  case none
  /// Every one that `models layers` lists.
  case all
  case named([String])
}

/// A loaded model that computes what a golden holds.
public struct GoldenSubject: Sendable {
  public let model: ModelVersion
  public let engine: EngineOptions
  public let explanation: ExplanationChoice?
  public let layers: LayerSelection
  private let classifier: Classifier
  private let probe: LayerProbe?

  /// How many classes a golden names.
  static let namedClasses = 5

  /// Loads the model.
  /// - Throws: `Fault` with a code of the model, `layer.not_found` or `explain.not_supported`.
  public init(
    _ model: ModelVersion, explanation: ExplanationChoice?, layers: LayerSelection,
    engine: EngineOptions
  ) throws(Fault) {
    var request = InferenceRequest()
    request.classify.topK = Self.namedClasses
    if let explanation { request.gradCAM = explanation.options }
    self.model = model
    self.engine = engine
    self.explanation = explanation
    self.layers = layers
    classifier = try Classifier(model, request: request, engine: engine)
    switch layers {
    case .none: probe = nil
    case .all: probe = try LayerProbe(model, layers: nil, engine: engine)
    case .named(let names): probe = try LayerProbe(model, layers: names, engine: engine)
    }
  }

  /// Computes the values of all inputs; an input that fails leaves the others alone.
  func compute(
    _ inputs: [GoldenInput], batch: Int, workers: Int
  ) throws(Fault) -> [Result<ComputedItem, Fault>] {
    let chunks = stride(from: 0, to: inputs.count, by: max(1, batch)).map {
      $0..<min($0 + max(1, batch), inputs.count)
    }
    let results = computeInThreads(chunks.count, threads: workers, name: "check") {
      let workspace = classifier.makeWorkspace(maximumBatch: max(1, batch))
      return { computeChunk(inputs[chunks[$0]], workspace) }
    }
    guard let results else { throw Fault(.resourceExhausted, "no thread could be started") }
    return results.flatMap(\.self)
  }

  private func computeChunk(
    _ inputs: ArraySlice<GoldenInput>, _ workspace: Workspace
  ) -> [Result<ComputedItem, Fault>] {
    let staged = inputs.map { input in
      Result { () throws(Fault) in
        try classifier.stages(of: input.bytes, declared: input.declared)
      }
    }
    let ready = staged.compactMap { try? $0.get().input }
    var predictions = classifier.predict(ready, workspace: workspace)[...]
    return staged.map { staged in
      Result { () throws(Fault) in
        let (input, values) = try staged.get()
        guard let prediction = try predictions.popFirst()?.get() else {
          throw Fault(.internalError, "an input has no prediction")
        }
        return try item(input, values, prediction)
      }
    }
  }

  private func item(
    _ input: PreparedInput, _ values: StageValues, _ prediction: Prediction
  ) throws(Fault) -> ComputedItem {
    var stages: [ComputedStage] = []
    if let decoded = values.decoded {
      stages.append(ComputedStage(.decode, StageArray(decoded), isKept: false))
    }
    if let upright = values.upright {
      stages.append(ComputedStage(.orient, StageArray(upright), isKept: false))
    }
    if let view = values.view {
      stages.append(ComputedStage(.resize, StageArray(view), isKept: true))
    }
    // What is made of the view by a table can be made again.
    stages.append(
      ComputedStage(.normalize, try StageArray(values.normalized), isKept: values.view == nil))
    if let probe {
      for (name, value) in zip(probe.names, try probe.values(of: input)) {
        stages.append(ComputedStage(.layer(name), try StageArray(value), isKept: true))
      }
    }
    let count = prediction.logits.count
    stages.append(
      ComputedStage(.logits, .floats(prediction.logits, shape: [count]), isKept: true))
    stages.append(
      ComputedStage(.probabilities, .floats(prediction.probabilities, shape: [count]), isKept: true)
    )
    var heatmap: ExpectedHeatmap?
    if let explanation = prediction.explanation {
      let map = classifier.placedMap(explanation, of: input)
      stages.append(
        ComputedStage(.cam, .floats(map.values, shape: [map.height, map.width]), isKept: true))
      heatmap = ExpectedHeatmap(
        layer: explanation.layer, classIndex: explanation.classIndex, toInput: map.toInput)
    }
    return ComputedItem(
      stages: stages,
      classes: prediction.ranking.map {
        ExpectedClass(
          index: $0.index, id: $0.id, label: $0.label, probability: $0.probability)
      }, heatmap: heatmap)
  }
}

/// What a model makes of one input.
struct ComputedItem: Sendable {
  var stages: [ComputedStage]
  var classes: [ExpectedClass]
  var heatmap: ExpectedHeatmap?

  func array(of stage: Stage) -> StageArray? {
    stages.first { $0.stage == stage }?.array
  }
}

/// The values at the end of a stage.
struct ComputedStage: Sendable {
  var stage: Stage
  var array: StageArray
  /// Whether a golden keeps the array beside its digest.
  var isKept: Bool

  init(_ stage: Stage, _ array: StageArray, isKept: Bool) {
    self.stage = stage
    self.array = array
    self.isKept = isKept
  }
}
