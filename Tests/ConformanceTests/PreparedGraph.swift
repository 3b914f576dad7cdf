import Attribution
import Execution
import Faults
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors

/// A reference network ready to run, prepared as a model version of the repository is.
struct PreparedGraph {
  let graph: Graph
  let logits: ValueID
  /// The layer to explain.
  let layer: ValueID?

  /// - Parameters:
  ///   - imported: as it was read.
  ///   - sample: the input of one image.
  ///   - layer: the name of the layer to explain, `auto`, or `nil`.
  init(_ imported: Graph, sample: Shape, layer name: String? = nil) throws(Fault) {
    var graph = imported
    let input = graph.inputs[0].value
    var keep: Set<ValueID> = []
    var layer: ValueID?
    if let name, name != "auto" { layer = try graph.layer(named: name) }
    if let layer { keep.insert(layer) }
    graph = try graph.specialized(inputShapes: [input: sample], keep: keep)
    graph = try graph.inFloat32(keep: keep)
    graph = graph.foldingInputTranspose(of: input, keep: keep)
    guard let logits = graph.logits(of: graph.outputs[0]) else {
      throw Fault(.modelInvalid, "the model has no logits")
    }
    if name == "auto" { layer = try graph.automaticTargetLayer(logits: logits) }
    keep.insert(logits)
    if let layer { keep.insert(layer) }
    graph.outputs = [logits]
    self.graph = graph.optimized(keep: keep).removingDeadNodes(keep: keep)
    self.logits = logits
    self.layer = layer
  }
}

/// A reference case in memory.
struct LoadedCase {
  let imported: Graph
  /// One input [1, C, H, W] for each image.
  let images: [Tensor]
  /// The expected logits of each image.
  let logits: [[Float]]

  init(_ reference: ReferenceCase) throws {
    imported = try importModel(bytes: try reference.model()).graph
    images = Self.rows(of: try readTensor(try reference.input()).tensor)
    logits = Self.rows(of: try readTensor(try reference.output()).tensor)
      .map { $0.elements(of: Float.self) }
  }

  func prepared(layer: String? = nil) throws(Fault) -> PreparedGraph {
    try PreparedGraph(imported, sample: images[0].shape, layer: layer)
  }

  /// The parts of a tensor along its first axis, each with a first extent of 1.
  private static func rows(of batch: Tensor) -> [Tensor] {
    let shape = Shape([1] + batch.shape.dimensions.dropFirst())
    return (0..<batch.shape[0]).map { index in
      Tensor(
        dtype: batch.dtype, shape: shape, storage: batch.storage,
        byteOffset: batch.byteOffset + index * shape.elementCount * batch.dtype.byteSize)
    }
  }
}

extension Network {
  /// Runs the images and returns all results of each, in memory of their own.
  func results(
    of images: [Tensor], in workspace: Workspace
  ) throws(Fault) -> [[ValueID: Tensor]] {
    for (index, image) in images.enumerated() { workspace.setInput(image, image: index) }
    try run(images: images.count, in: workspace)
    return images.indices.map { index in
      var copies: [ValueID: Tensor] = [:]
      for value in results { copies[value] = workspace.result(value, image: index).copy() }
      return copies
    }
  }

  func results(of images: [Tensor]) throws(Fault) -> [[ValueID: Tensor]] {
    try results(of: images, in: makeWorkspace(maximumBatch: images.count))
  }
}
