import Execution
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

/// Several threads that pass images through a network together.
struct TeamTests {
  @Test(arguments: 0..<20)
  func `the number of threads changes no bit`(seed: Int) throws {
    var networks = RandomNetworks(seed: UInt64(3000 + seed))
    let (graph, results) = try networks.make(blocks: 14)
    try check(graph, results, images: 3)
  }

  static let models = [
    "efficientnet_lc_food101", "fdmobilenet_0.25_food101", "mobilenet_v1_0.25_imagenet_nhwc",
    "mobilenetv2_torch", "mobilenetv2_zoo_qdq", "resnet20_cifar10_op9",
    "resnet56_cifar10_dynamo18", "squeezenet1.1", "vww_mobilenet_v1_0.25_96",
  ].map { "models/\($0)/1" }

  static let graphs: [String] = {
    guard let folder = SharedFolder.path else { return [] }
    return Files.names(in: folder + "/reference/graphs").sorted().map { "reference/graphs/\($0)" }
  }()

  @Test(
    .enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: models + graphs,
    Precision.allCases)
  func `the number of threads changes no bit of real architectures`(
    folder: String, precision: Precision
  ) throws {
    let shared = try #require(SharedFolder.path)
    let bytes = try #require(Files.bytes(of: "\(shared)/\(folder)/model.onnx"))
    var graph = try importModel(bytes: bytes).graph.specialized()
    graph = try graph.inFloat32()
    graph = graph.foldingInputTranspose(of: graph.inputs[0].value)
    let logits = try #require(graph.logits())
    graph.outputs = [logits]
    graph = graph.optimized(keep: [logits]).removingDeadNodes(keep: [logits])
    try check(graph, [logits], images: 2, precision)
  }

  /// Heads of attention, whose products are stacks of matrices.
  @Test func `the number of threads changes no bit of an attention`() throws {
    var random = SeededTensors(seed: 4)
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 8, 60, 32])
    func heads(_ perm: [Int], _ name: String) -> ValueID {
      builder.node(Transpose(perm: perm), [image], output: name)
    }
    let scores = builder.node(
      MatMul(), [heads([0, 1, 2, 3], "queries"), heads([0, 1, 3, 2], "keys")], output: "scores")
    let weights = builder.node(Softmax(axis: -1), [scores], output: "weights")
    let mixed = builder.node(MatMul(), [weights, heads([0, 1, 2, 3], "values")], output: "mixed")
    let graph = try builder.finish(outputs: [mixed]).specialized()
    let network = try Network(graph, results: [mixed], kernels: .auto)
    let images = (0..<2).map { _ in random.uniform(network.inputShape, of: Float.self) }
    let alone = try network.outputs(of: images, [mixed])
    for threads in 2...5 {
      #expect(try network.outputs(of: images, [mixed], threads: threads) == alone)
    }
    #expect(alone[0].contains { abs($0) > 0.01 })
  }

  private func check(
    _ graph: Graph, _ results: [ValueID], images count: Int, _ precision: Precision = .float32
  ) throws {
    var random = SeededTensors(seed: 9)
    let network: Network
    do {
      network = try Network(graph, results: results, kernels: .auto, precision: precision)
    } catch {
      // A processor without products of bf16.
      if precision == .bf16 { return }
      throw error
    }
    let images = (0..<count).map { _ in random.uniform(network.inputShape, of: Float.self) }
    let alone = try network.outputs(of: images, results)
    for threads in 2...4 {
      for _ in 0..<3 {
        #expect(try network.outputs(of: images, results, threads: threads) == alone)
      }
    }
  }
}
