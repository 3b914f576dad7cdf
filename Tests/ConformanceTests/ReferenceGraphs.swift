import Graphs
import InfercamTestSupport
import JSON
import ONNXImport
import Tensors

/// One of the small networks with stored logits and target layers.
struct ReferenceGraph {
  let graph: Graph
  /// One sample each, with the logits ONNX Runtime gives for it.
  let samples: [(input: Tensor, logits: [Float])]
  let lastLayer: String

  static let names: [String] = {
    guard let folder = SharedFolder.path else { return [] }
    return Files.names(in: folder + "/reference/graphs").sorted()
  }()

  init?(_ name: String) throws {
    guard let folder = SharedFolder.path else { return nil }
    let path = "\(folder)/reference/graphs/\(name)"
    guard let model = Files.bytes(of: path + "/model.onnx"),
      let description = Files.bytes(of: path + "/reference.json"),
      let input = Files.bytes(of: path + "/test_data_set_0/input_0.pb"),
      let output = Files.bytes(of: path + "/test_data_set_0/output_0.pb"),
      let last = try JSONValue(parsing: description)["layers"]?["last"]?["tensor"]?.string
    else { return nil }
    self.graph = try importModel(bytes: model).graph.specialized()
    self.lastLayer = last
    self.samples = zip(
      try readTensor(input).tensor.samples(), try readTensor(output).tensor.samples()
    ).map { ($0, $1.elements(of: Float.self)) }
  }

  var input: ValueID { graph.inputs[0].value }
}

extension Tensor {
  /// The tensor cut along its first axis, each part with an extent of 1 there.
  fileprivate func samples() -> [Tensor] {
    let part = Shape([1] + shape.dimensions.dropFirst())
    return (0..<shape[0]).map { index in
      Tensor(
        dtype: dtype, shape: part, storage: storage,
        byteOffset: byteOffset + index * part.elementCount * dtype.byteSize)
    }
  }
}
