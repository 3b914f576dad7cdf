import Execution
import Faults
import Graphs
import InfercamTestSupport
import Kernels
import Tensors
import Testing

struct PrecisionTests {
  @Test(
    .enabled(if: hasBF16, "needs AVX-512 BF16"),
    arguments: 0..<10, Numerics.allCases)
  func `products of bf16 stay near float32, with the same bits in any batch`(
    seed: Int, numerics: Numerics
  ) throws {
    var networks = RandomNetworks(seed: UInt64(3000 + seed))
    let (graph, results) = try networks.make(blocks: 12)
    let network = try Network(
      graph, results: results, kernels: .auto, numerics: numerics, precision: .bf16)
    let exact = try Network(graph, results: results, kernels: .auto, numerics: numerics)
    var random = SeededTensors(seed: 7)
    let images = (0..<5).map { _ in random.uniform(network.inputShape, of: Float.self) }
    let together = try network.outputs(of: images, results)
    #expect(together == (try images.flatMap { try network.outputs(of: [$0], results) }))
    for (found, expected) in zip(together, try exact.outputs(of: images, results)) {
      let scale = expected.map(abs).max() ?? 0
      let error = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
      #expect(error <= 0.08 * max(scale, 1e-3), "seed \(seed): \(error) of \(scale)")
    }
  }

  @Test(
    .enabled(if: hasBF16, "needs AVX-512 BF16"))
  func `inner layers are rounded, the scores' own product is not`() throws {
    func outputs(hidden: Bool, _ precision: Precision) throws -> [[Float]] {
      var builder = GraphBuilder()
      var random = SeededTensors(seed: 3)
      let image = builder.input("image", [1, 3, 8, 8])
      var rows = builder.node(Flatten(), [image], output: "rows")
      if hidden {
        let weight = builder.constant("hidden", random.uniform([192, 192], of: Float.self))
        rows = builder.node(Gemm(transB: true), [rows, weight], output: "product")
      }
      let weight = builder.constant("last", random.uniform([10, 192], of: Float.self))
      let scores = builder.node(Gemm(transB: true), [rows, weight], output: "scores")
      let graph = try builder.finish(outputs: [scores]).specialized(keep: [scores])
      let network = try Network(graph, results: [scores], kernels: .auto, precision: precision)
      return try network.outputs(
        of: [random.uniform(network.inputShape, of: Float.self)], [scores])
    }
    #expect(try outputs(hidden: false, .bf16) == outputs(hidden: false, .float32))
    #expect(try outputs(hidden: true, .bf16) != outputs(hidden: true, .float32))
  }

  @Test(arguments: [
    (KernelChoice.blas, nil, "BLAS"), (.auto, "generic", "the generic kernels"),
    (.auto, "avx2", "avx2"),
  ])
  func `kernels without products of bf16 refuse them`(
    kernels: KernelChoice, instructionSet: String?, words: String
  ) throws {
    var networks = RandomNetworks(seed: 1)
    let (graph, results) = try networks.make(blocks: 2)
    let fault = #expect(throws: Fault.self) {
      try Network(
        graph, results: results, kernels: kernels, precision: .bf16,
        instructionSet: instructionSet)
    }
    #expect(fault?.code == .paramOutOfRange)
    #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
  }

  @Test func `the kind of processor tells the precision`() {
    #expect(MachineProfile.instructionSet("avx2", .float32) == "avx2")
    #expect(MachineProfile.instructionSet("avx512", .bf16) == "avx512_bf16")
    #expect(
      MachineProfile.instructionSet(nil, .float32) == MachineProfile.instructionSets.first)
  }
}

private let hasBF16 = BlockedKernels.best.hasBF16
