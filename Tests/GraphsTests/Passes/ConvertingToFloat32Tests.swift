import Graphs
import Tensors
import Testing

struct ConvertingToFloat32Tests {
  @Test
  func `a Float16 graph runs in Float32`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", dimensions: [.symbolic("N"), .fixed(2)], .float16)
    let c = builder.constant("c", Tensor([0.5, 3] as [Float16], shape: [2]))
    let product = builder.node(Mul(), [x, c], output: "product")
    let cast = builder.node(Cast(to: .float16), [product], output: "cast")
    let y = builder.node(Neg(), [cast], output: "y")
    let graph = try builder.finish(outputs: [y]).inFloat32()
    #expect(graph[y].type == TensorType(.float32, [1, 2]))
    let values = try ReferenceExecutor(graph).run(
      inputs: [x: Tensor([Float(0.1), 30_000], shape: [1, 2])])
    #expect(values[y]?.elements(of: Float.self) == [-0.05, -90_000])
  }

  @Test
  func `a Float64 graph runs in Float32`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2], .float64)
    let c = builder.constant("c", Tensor([0.1, 3], shape: [2]))
    let y = builder.node(Mul(), [x, c], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized().inFloat32()
    let values = try ReferenceExecutor(graph).run(inputs: [x: Tensor([Float(2), 3], shape: [2])])
    #expect(values[y]?.elements(of: Float.self) == [Float(0.1) * 2, 9])
  }

  @Test
  func `numbers for an input of bytes are rounded into their range`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [4], .uint8)
    let cast = builder.node(Cast(to: .float32), [x], output: "cast")
    let y = builder.node(Neg(), [cast], output: "y")
    let same = builder.node(Identity(), [x], output: "same")
    let graph = try builder.finish(outputs: [y, same]).specialized().inFloat32()
    let values = try ReferenceExecutor(graph).run(
      inputs: [x: Tensor([Float(-3), 254.99998, 2.4, 300], shape: [4])])
    #expect(values[y]?.elements(of: Float.self) == [0, -255, -2, -255])
    #expect(values[same]?.elements(of: UInt8.self) == [0, 255, 2, 255])
  }
}
