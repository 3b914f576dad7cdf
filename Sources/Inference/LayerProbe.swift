import Execution
public import Faults
import Graphs
import Images
public import Models
public import Tensors

/// A loaded model whose inner layers can be looked at; for checks, not for speed.
///
/// Values that are kept take no part in fusions, so that the last bits of what comes after them may
/// differ from those of a `Classifier`.
public final class LayerProbe: Sendable {
  /// The names of the layers, in the order of the graph.
  public let names: [String]
  private let network: Network
  private let layers: [ValueID]
  private let normalization: Normalization
  private let isChannelsLast: Bool

  /// Loads the model.
  /// - Parameter names: the tensors or nodes to look at; `nil` for every one that `models layers` lists.
  /// - Throws: `Fault` with a code of the model, or `layer.not_found`.
  public init(
    _ model: ModelVersion, layers names: [String]?, engine: EngineOptions = EngineOptions()
  ) throws(Fault) {
    let names = if let names { names } else { try Self.everyLayer(of: model) }
    let prepared = try NetworkPreparation(model, layers: names)
    layers = prepared.layers
    self.names = names
    network = try Network(
      prepared.graph, results: prepared.layers + [prepared.logits], kernels: engine.kernels,
      numerics: engine.numerics, precision: engine.precision,
      instructionSet: engine.instructionSet)
    let input = model.spec.input
    normalization = try Normalization(
      order: ColorOrder(input.color), mean: input.mean, std: input.std)
    isChannelsLast = prepared.isChannelsLast
  }

  /// The values of the layers for one input, in the order of `names`.
  public func values(of input: PreparedInput) throws(Fault) -> [Tensor] {
    let workspace = network.makeWorkspace(maximumBatch: 1)
    input.write(normalization, isChannelsLast: isChannelsLast, to: workspace, image: 0)
    try network.run(images: 1, in: workspace)
    return layers.map { workspace.result($0, image: 0).copy() }
  }

  private static func everyLayer(of model: ModelVersion) throws(Fault) -> [String] {
    let spec = model.spec
    var graph = try model.importGraph().restricted(toOutput: spec.output.name)
    let named = graph.inputs.first {
      spec.input.name == nil || graph[$0.value].name == spec.input.name
    }
    guard let input = named?.value else {
      throw Fault(.modelInvalid, "the model has no input \(spec.input.name ?? "")")
    }
    graph = try graph.classifying(
      input, shape: NetworkPreparation.inputShape(spec.input), output: spec.output.name)
    guard let logits = graph.logits() else {
      throw Fault(.modelInvalid, "the model has no output")
    }
    let candidates = FeatureMaps(graph, logits: logits).candidates
    return candidates.filter { $0 != input }.map { graph[$0].name }
  }
}
