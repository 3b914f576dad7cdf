import Attribution
import Execution
import Faults
import Graphs
import Models
import Tensors

/// A model's graph made ready: specialised for one image, simplified, with its logits and layers.
struct NetworkPreparation {
  let graph: Graph
  let input: ValueID
  let isChannelsLast: Bool
  let logits: ValueID
  /// The layers to explain, in the order named; none when nothing is explained.
  let layers: [ValueID]
  let scores: ClassScores

  /// Imports the model and prepares its graph.
  /// - Parameter names: the layers to explain by name, or `auto`; none when nothing is explained.
  /// - Throws: `Fault` with a code of the model, or `layer.not_found`.
  init(_ version: ModelVersion, layers names: [String]) throws(Fault) {
    var graph = try version.importGraph()
    let input = try Self.input(of: graph, version.spec)
    graph.outputs = [try graph.output(named: version.spec.output.name)]
    let named = try graph.layers(named: names, standard: version.spec.gradCAMLayer)
    var keep = Set(named.compactMap(\.self))
    let shape = Self.inputShape(version.spec.input)
    try Self.check(graph, input, takes: shape)
    graph = try graph.specialized(inputShapes: [input: shape], keep: keep)
    graph = try graph.widenedToFloat32(keep: keep)
    graph = graph.foldingInputTranspose(of: input, keep: keep)
    let (logits, activation) = try Self.logits(of: graph)
    keep.insert(logits)
    let layers = try named.map { layer throws(Fault) in
      if let layer { return layer }
      return try graph.automaticTargetLayer(logits: logits)
    }
    try Self.refuseRepetition(layers, graph)
    keep.formUnion(layers)
    graph.outputs = [logits]
    graph = graph.optimized(keep: keep).removingDeadNodes(keep: keep)
    self.graph = graph
    self.input = input
    self.isChannelsLast = graph.layout(of: input) == .channelsLast
    self.logits = logits
    self.layers = layers
    self.scores = ClassScores(
      activation: activation ?? version.spec.output.activation,
      temperature: version.spec.calibration.temperature)
    guard let outputs = graph[logits].type?.shape.elementCount else {
      throw Fault(.modelInvalid, "the shape of the model's output is not known")
    }
    try version.checkLabels(outputCount: outputs)
  }

  private static func refuseRepetition(_ layers: [ValueID], _ graph: Graph) throws(Fault) {
    for (place, layer) in layers.enumerated() where layers[..<place].contains(layer) {
      throw Fault(
        .paramOutOfRange, "layer \(graph[layer].name) is named twice: name each layer once",
        details: ["parameter": .string("layer"), "layer": .string(graph[layer].name)])
    }
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

extension Graph {
  /// The layers that names stand for; `nil` for the automatic one.
  ///
  /// A name that no layer has stands for several when it holds commas.
  /// - Parameter standard: what `auto` means for this model.
  /// - Throws: `Fault` with code `layer.not_found`.
  fileprivate func layers(
    named names: [String], standard: String
  ) throws(Fault) -> [ValueID?] {
    var layers: [ValueID?] = []
    for name in names {
      let isList = name.utf8.contains(UInt8(ascii: ",")) && (try? layer(named: name)) == nil
      let parts =
        isList ? name.split(separator: ",", omittingEmptySubsequences: false) : [name[...]]
      for part in parts {
        let name = part == "auto" ? standard : String(part)
        layers.append(name == "auto" ? nil : try layer(named: name))
      }
    }
    return layers
  }
}
