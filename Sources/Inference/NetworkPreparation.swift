import Attribution
import Execution
import Faults
import Graphs
import Models
import Tensors

/// A model's graph made ready: specialised for one image, simplified, with its logits and layer.
struct NetworkPreparation {
  let graph: Graph
  let input: ValueID
  let isChannelsLast: Bool
  let logits: ValueID
  let layer: ValueID?
  let scores: ClassScores

  /// Imports the model and prepares its graph.
  /// - Parameter layer: the layer to explain by name, or `auto`; `nil` when nothing is explained.
  /// - Throws: `Fault` with a code of the model, or `layer.not_found`.
  init(_ version: ModelVersion, layer name: String?) throws(Fault) {
    var graph = try version.importGraph()
    let input = try Self.input(of: graph, version.spec)
    graph.outputs = [try graph.output(named: version.spec.output.name)]
    let named = try name.flatMap { $0 == "auto" ? nil : $0 }
      .map { name throws(Fault) in try graph.layer(named: name) }
    var keep = Set(named.map { [$0] } ?? [])
    let shape = Self.inputShape(version.spec.input)
    try Self.check(graph, input, takes: shape)
    graph = try graph.specialized(inputShapes: [input: shape], keep: keep)
    graph = try graph.widenedToFloat32(keep: keep)
    graph = graph.foldingInputTranspose(of: input, keep: keep)
    let (logits, activation) = try Self.logits(of: graph)
    keep.insert(logits)
    let layer: ValueID?
    if let named {
      layer = named
    } else {
      layer = name == nil ? nil : try graph.automaticTargetLayer(logits: logits)
    }
    if let layer { keep.insert(layer) }
    graph.outputs = [logits]
    graph = graph.optimized(keep: keep).removingDeadNodes(keep: keep)
    self.graph = graph
    self.input = input
    self.isChannelsLast = graph.layout(of: input) == .channelsLast
    self.logits = logits
    self.layer = layer
    self.scores = ClassScores(
      activation: activation ?? version.spec.output.activation,
      temperature: version.spec.calibration.temperature)
    guard let outputs = graph[logits].type?.shape.elementCount else {
      throw Fault(.modelInvalid, "the shape of the model's output is not known")
    }
    try version.checkLabels(outputCount: outputs)
  }

  /// The logits, and the activation the graph itself ends in: it stands for the one the model version
  /// names, which is never applied on top of it.
  private static func logits(
    of graph: Graph
  ) throws(Fault) -> (ValueID, ModelSpec.Activation?) {
    guard let output = graph.outputs.first, let logits = graph.logits(of: output) else {
      throw Fault(.modelInvalid, "the model has no output")
    }
    guard logits != output,
      let reader = graph.nodes.first(where: { $0.inputs.first == logits })
    else { return (logits, nil) }
    return (logits, reader.op is Sigmoid ? .sigmoid : .softmax)
  }

  private static func input(of graph: Graph, _ spec: ModelSpec) throws(Fault) -> ValueID {
    let names = graph.inputs.map { graph[$0.value].name }
    if let name = spec.input.name {
      guard let input = graph.inputs.first(where: { graph[$0.value].name == name }) else {
        throw Fault(
          .modelInvalid,
          "the model has no input \(name), its inputs are \(names.joined(separator: ", "))")
      }
      return input.value
    }
    guard graph.inputs.count == 1 else {
      throw Fault(
        .modelInvalid,
        "the model has \(names.count) inputs (\(names.joined(separator: ", "))): an image "
          + "classifier has one")
    }
    return graph.inputs[0].value
  }

  /// Refuses a graph whose declared extents are not those of one prepared image.
  private static func check(
    _ graph: Graph, _ input: ValueID, takes shape: Shape
  ) throws(Fault) {
    guard let declared = graph.inputs.first(where: { $0.value == input })?.dimensions,
      declared.count == shape.rank
    else { return }
    for (axis, dimension) in declared.enumerated() {
      guard case .fixed(let extent) = dimension, extent != shape[axis] else { continue }
      throw Fault(
        .modelInvalid,
        axis == 0
          ? "the model takes exactly \(extent) images at once: export it with a batch of 1 or a "
            + "dynamic batch"
          : "the model's input has the extent \(extent) at axis \(axis), its version describes "
            + "\(shape): correct version.json",
        details: ["axis": .int(axis), "declared": .int(extent), "described": .int(shape[axis])])
    }
  }

  private static func inputShape(_ input: ModelSpec.Input) -> Shape {
    let channels = input.color.channelCount
    switch input.layout {
    case .nchw: return [1, channels, input.height, input.width]
    case .nhwc: return [1, input.height, input.width, channels]
    }
  }
}
