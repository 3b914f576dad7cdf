import Graphs
import Tensors
import Testing

struct WideningFloat16Tests {
  @Test
  func `a Float16 graph runs in Float32`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", dimensions: [.symbolic("N"), .fixed(2)], .float16)
    let c = builder.constant("c", Tensor([0.5, 3] as [Float16], shape: [2]))
    let product = builder.node(Mul(), [x, c], output: "product")
    let cast = builder.node(Cast(to: .float16), [product], output: "cast")
    let y = builder.node(Neg(), [cast], output: "y")
    let graph = try builder.finish(outputs: [y]).widenedToFloat32()
    #expect(graph[y].type == TensorType(.float32, [1, 2]))
    let values = try ReferenceExecutor(graph).run(
      inputs: [x: Tensor([Float(0.1), 30_000], shape: [1, 2])])
    #expect(values[y]?.elements(of: Float.self) == [-0.05, -90_000])
  }
}
