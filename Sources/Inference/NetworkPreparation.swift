import Attribution
import Execution
import Faults
import Graphs
import Models
import Tensors

/// A model's graph made ready: specialised for one image, simplified, with its logits and layers.
struct NetworkPreparation {
  let graph: Graph
  /// The same before any rewriting: one node for each operator of the model.
  let unoptimized: Graph
  let input: ValueID
  let isChannelsLast: Bool
  let takesIntegers: Bool
  let logits: ValueID
  /// The layers to explain, in the order named; none when nothing is explained.
  let layers: [ValueID]
  let scores: ClassScores

  /// Imports the model and prepares its graph.
  /// - Parameter names: the layers to explain by name, or `auto`; none when nothing is explained.
  /// - Throws: `Fault` with a code of the model, or `layer.not_found`.
  init(_ version: ModelVersion, layers names: [String]) throws(Fault) {
    var graph = try version.importGraph().restricted(toOutput: version.spec.output.name)
    let input = try Self.input(of: graph, version.spec)
    let named = try graph.layers(named: names, standard: version.spec.gradCAMLayer)
    var keep = Set(named.compactMap(\.self))
    let shape = Self.inputShape(version.spec.input)
    try Self.check(graph, input, takes: shape)
    graph = try graph.classifying(
      input, shape: shape, output: version.spec.output.name, keep: keep)
    self.takesIntegers =
      graph.inputs.first { $0.value == input }.map { !$0.dtype.isFloatingPoint } ?? false
    graph = graph.dequantizingScores()
    graph = try graph.inFloat32(keep: keep)
    graph = graph.foldingInputTranspose(of: input, keep: keep)
    let logits: ValueID
    (graph, logits, self.scores) = try Self.head(of: graph, version)
    keep.insert(logits)
    let layers = try named.map { layer throws(Fault) in
      if let layer { return layer }
      return try graph.automaticTargetLayer(logits: logits)
    }
    try Self.refuseRepetition(layers, graph)
    keep.formUnion(layers)
    graph.outputs = [logits]
    unoptimized = graph
    graph = graph.optimized(keep: keep).removingDeadNodes(keep: keep)
    self.graph = graph
    self.input = input
    self.isChannelsLast = graph.layout(of: input) == .channelsLast
    self.logits = logits
    self.layers = layers
  }

  private static func refuseRepetition(_ layers: [ValueID], _ graph: Graph) throws(Fault) {
    for (place, layer) in layers.enumerated() where layers[..<place].contains(layer) {
      throw Fault(
        .paramOutOfRange, "layer \(graph[layer].name) is named twice: name each layer once",
        details: ["parameter": .string("layer"), "layer": .string(graph[layer].name)])
    }
  }

  /// One logit for each label, and what makes probabilities of them.
  ///
  /// The activation the graph itself ends in stands for the one the model version names, which is
  /// never applied on top of it. Of a single output, two labels are the two sides.
  private static func head(
    of graph: Graph, _ version: ModelVersion
  ) throws(Fault) -> (Graph, ValueID, ClassScores) {
    guard let head = graph.head(), let count = graph[head.logits].type?.shape.elementCount else {
      throw Fault(.modelInvalid, "the model has no output")
    }
    try version.checkLabels(outputCount: count)
    var activation =
      switch head.activation {
      case .softmax: ModelSpec.Activation.softmax
      case .sigmoid: ModelSpec.Activation.sigmoid
      case nil: version.spec.output.activation
      }
    // Softmax over one score is 1 whatever the image.
    if count == 1, activation == .softmax { activation = .sigmoid }
    let scores = ClassScores(
      activation: activation, temperature: version.spec.calibration.temperature)
    guard count == 1, version.labels.count == 2 else { return (graph, head.logits, scores) }
    let (both, logits) = graph.withBothClasses(
      of: head.logits, isProbability: activation == .none)
    return (both, logits, scores)
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
    for (axis, dimension) in declared.enumerated().dropFirst() {
      guard case .fixed(let extent) = dimension, extent != shape[axis] else { continue }
      throw Fault(
        .modelInvalid,
        "the model's input has the extent \(extent) at axis \(axis), its version describes "
          + "\(shape): correct version.json",
        details: ["axis": .int(axis), "declared": .int(extent), "described": .int(shape[axis])])
    }
  }

  static func inputShape(_ input: ModelSpec.Input) -> Shape {
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
