import Attribution
import Faults
import FileAccess
import Graphs
import Inference
import JSON
import Models
import Options
import Tensors

extension Verb {
  static let modelsLayers = Verb(
    VerbHelp(
      "models layers", "List the layers of a model that can be explained",
      usage: "[NAME[@VERSION|@ALIAS]] [FLAGS]",
      text: """
        Each is a value on the way to the logits with the shape of a feature map, from the input on; \
        --layer takes the name of the tensor or of its node. The one marked auto is explained unless \
        told otherwise. Layout names the axes: C channels, H rows, W columns, T the cells row by row \
        with the tokens beside them. Stride and field are the pixels from cell to cell and those \
        that a cell depends on.
        """,
      examples: [("infercam models layers -m resnet50.onnx", "the layers of an ONNX file")]),
    flags: Flag.modelChoice, body: listLayers)
}

private func listLayers(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let layers = try layers(of: try invocation.modelOfPositional())
  guard invocation.printsTable else {
    for layer in layers { try console.print(layer.json.encodedText) }
    return ExitStatus.success
  }
  var table = Table([
    "TENSOR", "NODE", "OPERATOR", "SHAPE", "LAYOUT", "STRIDE", "FIELD", "CAM", "",
  ])
  for layer in layers {
    table.add([
      printable(layer.name), printable(layer.node), layer.op, "\(layer.shape)",
      layer.layout?.axes ?? "-", extents(layer.geometry?.stride),
      extents(layer.geometry?.receptiveField),
      layer.obstacle == nil ? "yes" : "no", layer.why == nil ? "" : "auto",
    ])
  }
  try console.print(table.text)
  return ExitStatus.success
}

private func extents(_ pair: [Int]?) -> String {
  pair.map { "\($0[0])x\($0[1])" } ?? "-"
}

/// A feature map that Grad-CAM can look at.
private struct Layer {
  var name: String
  var node: String
  var op: String
  var shape: Shape
  /// `nil` where it is no feature map.
  var layout: LayerLayout?
  var geometry: LayerGeometry?
  /// Why there is no Grad-CAM of the layer.
  var obstacle: String?
  /// Why the layer is the automatic one, if it is.
  var why: String?

  var json: JSONValue {
    var members: [String: JSONValue] = [
      "name": .string(name), "node": .string(node), "op": .string(op),
      "shape": Self.array(shape.dimensions), "stride": Self.array(geometry?.stride),
      "receptive_field": Self.array(geometry?.receptiveField), "cam": .bool(obstacle == nil),
      "auto": .bool(why != nil), "layout": layout?.json ?? .null,
    ]
    if let obstacle { members["reason"] = .string(obstacle) }
    if let why { members["why"] = .string(why) }
    return .object(members)
  }

  private static func array(_ numbers: [Int]?) -> JSONValue {
    numbers.map { .array($0.map { JSONValue($0) }) } ?? .null
  }
}

private func layers(of model: ModelVersion) throws(Fault) -> [Layer] {
  var graph = try model.importGraph().restricted(toOutput: model.spec.output.name)
  let name = model.spec.input.name
  guard let input = graph.inputs.first(where: { name == nil || graph[$0.value].name == name })
  else { throw Fault(.modelInvalid, "the model has no input \(name ?? "")") }
  graph = try graph.classifying(
    input.value, shape: inputShape(model.spec.input), output: model.spec.output.name)
  let producers = graph.producers()
  guard let logits = graph.logits() else { throw Fault(.modelInvalid, "the model has no output") }
  let maps = FeatureMaps(graph, logits: logits)
  let automatic = try? maps.automaticTarget()
  let layers = maps.candidates
  let wide = try graph.inFloat32(keep: Set(layers))
  return layers.map { layer in
    let node = producers[layer.index].map { graph.nodes[$0] }
    return Layer(
      name: graph[layer].name, node: node?.name ?? "", op: node?.op.opType ?? "",
      shape: graph[layer].type?.shape ?? [], layout: try? maps.layout(of: layer),
      geometry: maps.geometry(of: layer), obstacle: obstacle(to: layer, maps, wide, logits),
      why: automatic.flatMap { $0.layer == layer ? reason(for: $0) : nil })
  }
}

private func reason(for target: FeatureMaps.AutomaticTarget) -> String {
  let reader = title(target.reader)
  return target.isReadByAttention
    ? "read by the last attention (\(reader)), after which no place reaches the scores"
    : "read by \(reader)"
}

private func title(_ node: Node) -> String { "\(node.op.opType) node \(node.name)" }

/// Why Grad-CAM cannot explain a layer; `nil` when it can.
private func obstacle(
  to layer: ValueID, _ maps: FeatureMaps, _ graph: Graph, _ logits: ValueID
) -> String? {
  do throws(Fault) {
    let layout = try maps.layout(of: layer)
    try maps.checkReachesScores(layer)
    _ = try Explainer(
      graph, layer: layer, layout: layout, logits: logits, allowsClosedForm: false)
    let walk = try ReverseWalk(graph, from: logits, to: [layer])
    return walk.nodeWithoutRule.map { "\(title($0)) after it has no gradient rule" }
  } catch {
    return error.message
  }
}

private func inputShape(_ input: ModelSpec.Input) -> Shape {
  let channels = input.color.channelCount
  return switch input.layout {
  case .nchw: [1, channels, input.height, input.width]
  case .nhwc: [1, input.height, input.width, channels]
  }
}
