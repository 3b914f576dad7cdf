import Faults
import Graphs
import Tensors
import Testing

struct ShapeInferenceTests {
  private static func scaled(_ dimensions: [Dimension]) -> Graph {
    var builder = GraphBuilder()
    let x = builder.input("x", dimensions: dimensions, .float64)
    let y = builder.node(Scale(factor: 2), [x], output: "y")
    return builder.finish(outputs: [y])
  }

  @Test
  func `a symbolic batch becomes one sample`() throws {
    let graph = try Self.scaled([.symbolic("N"), .fixed(3)]).specialized()
    #expect(graph[graph.outputs[0]].type == TensorType(.float64, [1, 3]))
  }

  @Test
  func `given shapes bind symbolic extents`() throws {
    let graph = Self.scaled([.symbolic(""), .symbolic("H")])
    let shape: Shape = [1, 7]
    let specialized = try graph.specialized(inputShapes: [graph.inputs[0].value: shape])
    #expect(specialized[specialized.outputs[0]].type?.shape == shape)
  }

  @Test
  func `an extent nobody fixes is named`() {
    let fault = #expect(throws: Fault.self) {
      try Self.scaled([.symbolic("N"), .symbolic("H")]).specialized()
    }
    #expect(fault?.message.contains("dimension 1 of input x") == true)
  }

  @Test(arguments: [[2, 4], [1, 3, 1]] as [Shape])
  func `a shape the model does not declare is refused`(shape: Shape) {
    let graph = Self.scaled([.fixed(1), .fixed(4)])
    #expect(throws: Fault.self) {
      try graph.specialized(inputShapes: [graph.inputs[0].value: shape])
    }
  }

  @Test
  func `what depends on constants alone is computed once`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2], .float64)
    let c = builder.constant("c", Tensor([1.0, 2], shape: [2]))
    let doubled = builder.node(Scale(factor: 2), [c], output: "doubled")
    let y = builder.node(Product(), [x, doubled], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    #expect(graph.nodes.map(\.name) == ["y"])
    #expect(graph[doubled].constant?.elements(of: Double.self) == [2, 4])
    #expect(graph[c].constant == nil)
  }

  @Test
  func `an input given as a constant decides shapes`() throws {
    var builder = GraphBuilder()
    let length = builder.input("length", [1], .int64)
    let y = builder.node(Stretch(), [length], output: "y")
    let graph = builder.finish(outputs: [y])
    #expect(throws: Fault.self) { try graph.specialized() }
    let specialized = try graph.specialized(
      inputConstants: [length: Tensor([Int64(5)], shape: [1])])
    #expect(specialized[y].type?.shape == [5])
    #expect(specialized.inputs.isEmpty)
  }

  @Test
  func `a small constant is not blown up while folding`() throws {
    let graph = try Self.stretched(to: 1 << 20).specialized()
    #expect(graph.nodes.count == 1)
  }

  @Test(arguments: [1 << 28, 1 << 62])
  func `a value beyond the limit is refused and its node named`(length: Int) {
    let fault = #expect(throws: Fault.self) { try Self.stretched(to: length + 1).specialized() }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.details["node"] == .string("y"))
  }

  @Test
  func `the values together have a limit too`() throws {
    var limits = GraphLimits()
    limits.totalBytes = 40
    let graph = Self.scaled([.fixed(1), .fixed(3)])
    #expect(throws: Fault.self) { try graph.specialized(limits: limits) }
    limits.totalBytes = 48
    _ = try graph.specialized(limits: limits)
  }

  @Test
  func `kept values survive without a reader`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2], .float64)
    let y = builder.node(Scale(factor: 2), [x], output: "y")
    let side = builder.node(Scale(factor: 3), [x], output: "side")
    let graph = builder.finish(outputs: [y])
    #expect(try graph.specialized().nodes.count == 1)
    #expect(try graph.specialized(keep: [side]).nodes.count == 2)
  }

  private static func stretched(to length: Int) -> Graph {
    var builder = GraphBuilder()
    let c = builder.constant("c", Tensor([Int64(length)], shape: [1]))
    let y = builder.node(Stretch(), [c], output: "y")
    return builder.finish(outputs: [y])
  }
}
