import Execution
import Faults
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

/// The project's kernels against the reference functions on real pretrained networks.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct SharedModelTests {
  @Test(arguments: [
    "efficientnet_lc_food101", "fdmobilenet_0.25_food101", "mcunet_imagenet_144", "mnist8_cntk",
    "mobilenet_v1_0.25_imagenet_nchw", "mobilenet_v1_0.25_imagenet_nhwc",
    "mobilenet_v2_0.35_person", "mobilenet_v2_0.35_plantvillage39", "mobilenetv2_torch",
    "mobilenetv2_zoo_qdq",
    "resnet20_cifar10_op9", "resnet20_cifar10_ts11", "resnet56_cifar10_dynamo18",
    "resnet56_cifar10_ts13", "resnet8_large_cifar10", "squeezenet1.1", "squeezenet1.1_fp16",
    "st_mnist_emnist36", "vww_mobilenet_v1_0.25_96",
  ])
  func `fast and reference kernels agree`(model: String) throws {
    let folder = try #require(SharedFolder.path)
    let bytes = try #require(Files.bytes(of: "\(folder)/models/\(model)/1/model.onnx"))
    var graph = try importModel(bytes: bytes).graph.specialized()
    graph = try graph.inFloat32()
    let input = graph.inputs[0].value
    graph = graph.foldingInputTranspose(of: input)
    let logits = try #require(graph.logits())
    graph.outputs = [logits]
    graph = graph.optimized(keep: [logits]).removingDeadNodes(keep: [logits])
    let fast = try Network(graph, results: [logits], kernels: .auto)
    let reference = try Network(graph, results: [logits], kernels: .blas)
    var random = SeededTensors(seed: 7)
    let images = (0..<3).map { _ in random.uniform(fast.inputShape, of: Float.self) }
    let expected = try logitsOf(images, reference, logits)
    let found = try logitsOf(images, fast, logits)
    for (expected, found) in zip(expected, found) {
      let scale = expected.map(abs).max() ?? 0
      let error = zip(expected, found).map { abs($0 - $1) }.max() ?? 0
      let isFinite = found.allSatisfy { $0.isFinite }
      #expect(isFinite)
      #expect(error <= 1e-4 * max(scale, 1e-3), "\(model): \(error) of \(scale)")
    }
  }

  private func logitsOf(
    _ images: [Tensor], _ network: Network, _ logits: ValueID
  ) throws -> [[Float]] {
    let workspace = network.makeWorkspace(maximumBatch: images.count)
    for (index, image) in images.enumerated() { workspace.setInput(image, image: index) }
    try network.run(images: images.count, in: workspace)
    return images.indices.map {
      workspace.result(logits, image: $0).elements(of: Float.self)
    }
  }
}
