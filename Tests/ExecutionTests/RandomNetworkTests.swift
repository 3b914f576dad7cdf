import Execution
import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct RandomNetworkTests {
  @Test(arguments: 0..<60, Numerics.allCases)
  func `the plan computes what the reference functions compute`(
    seed: Int, numerics: Numerics
  ) throws {
    var networks = RandomNetworks(seed: UInt64(seed))
    let (graph, results) = try networks.make(blocks: 14)
    var random = SeededTensors(seed: 99)
    let fast = try Network(graph, results: results, kernels: .auto, numerics: numerics)
    let reference = try Network(graph, results: results, kernels: .blas)
    let images = (0..<2).map { _ in random.uniform(fast.inputShape, of: Float.self) }
    let found = try fast.outputs(of: images, results)
    let expected = try reference.outputs(of: images, results)
    for (found, expected) in zip(found, expected) {
      let scale = expected.map(abs).max() ?? 0
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(error <= 2e-4 * max(scale, 1e-3), "seed \(seed): \(error) of \(scale)")
    }
  }

  @Test(arguments: 0..<30)
  func `an image's bits depend on no other image, on no position and on no batch size`(
    seed: Int
  ) throws {
    var networks = RandomNetworks(seed: UInt64(1000 + seed))
    let (graph, results) = try networks.make(blocks: 14)
    let network = try Network(graph, results: results, kernels: .auto)
    var random = SeededTensors(seed: 5)
    let images = (0..<5).map { _ in random.uniform(network.inputShape, of: Float.self) }
    let alone = try images.flatMap { try network.outputs(of: [$0], results) }
    let together = try network.outputs(of: images, results)
    let reversed = try network.outputs(of: images.reversed(), results)
    #expect(alone == together)
    let backwards = stride(from: reversed.count, to: 0, by: -results.count).flatMap {
      Array(reversed[($0 - results.count)..<$0])
    }
    #expect(alone == backwards)
  }

  @Test func `what another batch left in the memory does not matter`() throws {
    var networks = RandomNetworks(seed: 4)
    let (graph, results) = try networks.make(blocks: 20)
    let network = try Network(graph, results: results, kernels: .auto)
    var random = SeededTensors(seed: 6)
    let image = random.uniform(network.inputShape, of: Float.self)
    let poison = Tensor(
      [Float](repeating: .nan, count: image.elementCount), shape: network.inputShape)
    let workspace = network.makeWorkspace(maximumBatch: 2)
    func compute() throws -> [[Float]] {
      workspace.setInput(image, image: 0)
      try network.run(images: 1, in: workspace)
      return results.map { workspace.result($0, image: 0).elements(of: Float.self) }
    }
    let before = try compute()
    for index in 0..<2 { workspace.setInput(poison, image: index) }
    try network.run(images: 2, in: workspace)
    #expect(try compute() == before)
  }
}
