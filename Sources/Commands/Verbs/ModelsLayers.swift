import Faults
import FileAccess
import Graphs
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
        Each is a spatial feature map on the way to the logits, from the input on; --layer takes the \
        name of the tensor or of its node. The one marked auto is explained unless told otherwise.
        """,
      examples: [("infercam models layers -m resnet50.onnx", "the layers of an ONNX file")]),
    flags: Flag.model.filter { $0.name != "kernels" }, body: listLayers)
}

private func listLayers(_ invocation: Invocation) throws(Fault) -> Int32 {
  var console = Console()
  let layers = try layers(of: try invocation.modelOfPositional())
  guard invocation.printsTable else {
    for layer in layers { try console.print(layer.json.encodedText) }
    return ExitStatus.success
  }
  var table = Table(["TENSOR", "NODE", "OPERATOR", "SHAPE", ""])
  for layer in layers {
    table.add([
      printable(layer.name), printable(layer.node), layer.op, "\(layer.shape)",
      layer.isAutomatic ? "auto" : "",
    ])
  }
  try console.print(table.text)
  return ExitStatus.success
}

/// A feature map that Grad-CAM can look at.
private struct Layer {
  var name: String
  var node: String
  var op: String
  var shape: Shape
  var isAutomatic: Bool

  var json: JSONValue {
    [
      "name": .string(name), "node": .string(node), "op": .string(op),
      "shape": .array(shape.dimensions.map { JSONValue($0) }), "auto": .bool(isAutomatic),
    ]
  }
}

private func layers(of model: ModelVersion) throws(Fault) -> [Layer] {
  var graph = try model.importGraph()
  let name = model.spec.input.name
  guard let input = graph.inputs.first(where: { name == nil || graph[$0.value].name == name })
  else { throw Fault(.modelInvalid, "the model has no input \(name ?? "")") }
  graph = try graph.specialized(inputShapes: [input.value: inputShape(model.spec.input)])
  let producers = graph.producers()
  let automatic = try? graph.automaticTargetLayer()
  return graph.spatialLayers().map { layer in
    let node = producers[layer.index].map { graph.nodes[$0] }
    return Layer(
      name: graph[layer].name, node: node?.name ?? "", op: node?.op.opType ?? "",
      shape: graph[layer].type?.shape ?? [], isAutomatic: layer == automatic)
  }
}

private func inputShape(_ input: ModelSpec.Input) -> Shape {
  let channels = input.color.channelCount
  return switch input.layout {
  case .nchw: [1, channels, input.height, input.width]
  case .nhwc: [1, input.height, input.width, channels]
  }
}
