import Faults
import Graphs
import Tensors
import Testing

struct ReferenceExecutorTests {
  /// x -> a = 2x -> row -> y = 3 row, beside unused = 5x.
  private struct Chain {
    let graph: Graph
    let x, a, row, y: ValueID

    init() {
      var builder = GraphBuilder()
      x = builder.input("x", [2, 2], .float64)
      a = builder.node(Scale(factor: 2), [x], output: "a")
      row = builder.node(AsRow(), [a], output: "row")
      y = builder.node(Scale(factor: 3), [row], output: "y")
      _ = builder.node(Scale(factor: 5), [x], output: "unused")
      graph = builder.finish(outputs: [y])
    }
  }

  private static let input = Tensor([1.0, 2, 3, 4], shape: [2, 2])

  @Test
  func `outputs and kept values are returned, nothing else`() throws {
    let chain = Chain()
    let values = try ReferenceExecutor(chain.graph.specialized()).run(
      inputs: [chain.x: Self.input], keep: [chain.a])
    #expect(Set(values.keys) == [chain.y, chain.a])
    let y = try #require(values[chain.y])
    #expect(y.shape == [1, 4])
    #expect(y.elements(of: Double.self) == [6, 12, 18, 24])
  }

  @Test
  func `a view shares the storage of its input`() throws {
    let chain = Chain()
    let values = try ReferenceExecutor(chain.graph.specialized()).run(
      inputs: [chain.x: Self.input], keep: [chain.a, chain.row])
    #expect(values[chain.row]?.storage === values[chain.a]?.storage)
  }

  @Test
  func `a run may start in the middle`() throws {
    let chain = Chain()
    let values = try ReferenceExecutor(chain.graph.specialized()).values(
      of: [chain.y], given: [chain.row: Tensor([1.0, 1, 1, 1], shape: [1, 4])])
    #expect(values[chain.y]?.elements(of: Double.self) == [3, 3, 3, 3])
  }

  @Test
  func `a missing or misshapen input is named`() throws {
    let chain = Chain()
    let executor = ReferenceExecutor(try chain.graph.specialized())
    let missing = #expect(throws: Fault.self) { try executor.run(inputs: [:]) }
    #expect(missing?.message.contains("input x") == true)
    let wrong = #expect(throws: Fault.self) {
      try executor.run(inputs: [chain.x: Tensor([1.0], shape: [1])])
    }
    #expect(wrong?.message.contains("x is float64[2, 2]") == true)
  }

  @Test
  func `a graph that is not specialised takes its shapes from the values`() throws {
    var builder = GraphBuilder()
    let length = builder.input("length", [1], .int64)
    let y = builder.node(Stretch(), [length], output: "y")
    let graph = builder.finish(outputs: [y])
    let values = try ReferenceExecutor(graph).run(
      inputs: [length: Tensor([Int64(3)], shape: [1])])
    #expect(values[y]?.elements(of: Double.self) == [1, 1, 1])
  }
}
