import Faults
import Graphs
import Tensors
import Testing

struct ClassifierHeadTests {
  /// x [1, 3, 2, 2] -> pooled [1, 3, 1, 1] -> what `build` adds.
  private func graph(
    _ build: (inout GraphBuilder, ValueID) -> [ValueID]
  ) throws -> Graph {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 3, 2, 2])
    let pooled = builder.node(GlobalAveragePool(), [x], output: "pooled")
    let outputs = build(&builder, pooled)
    return try builder.finish(outputs: outputs).specialized()
  }

  @Test func `an activation is found behind rounding to integers`() throws {
    let graph = try graph { builder, pooled in
      let flat = builder.node(Flatten(), [pooled], output: "flat")
      let y = builder.node(Softmax(), [flat], output: "y")
      let scale = builder.constant("scale", Tensor(scalar: Float(1) / 256))
      return [builder.node(QuantizeLinear(), [y, scale], output: "q")]
    }
    let head = try #require(graph.head())
    #expect(graph[head.logits].name == "flat")
    #expect(head.activation == .softmax)
  }

  @Test(arguments: [(1, false, true), (-1, false, false), (1, true, true), (2, false, false)])
  func `a softmax over all scores alone is the activation`(
    axis: Int, flattens: Bool, isActivation: Bool
  ) throws {
    let graph = try graph { builder, pooled in
      [builder.node(Softmax(axis: axis, flattens: flattens), [pooled], output: "y")]
    }
    #expect((graph.head()?.activation == .softmax) == isActivation)
  }

  @Test func `the first output that holds scores is taken, and one by name`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 3, 2, 2])
    let pooled = builder.node(GlobalAveragePool(), [x], output: "pooled")
    let best = builder.node(ArgMax(axis: 1), [pooled], output: "best")
    let other = builder.node(Neg(), [pooled], output: "other")
    let graph = builder.finish(outputs: [best, x, pooled, other])
    #expect(try graph.classifying(x, shape: [1, 3, 2, 2], output: nil).outputs == [pooled])
    #expect(try graph.classifying(x, shape: [1, 3, 2, 2], output: "other").outputs == [other])
    let fault = #expect(throws: Fault.self) {
      try graph.classifying(x, shape: [1, 3, 2, 2], output: "best")
    }
    #expect(fault?.message.contains("pooled float32[1, 3, 1, 1]") == true)
  }

  @Test func `inputs that the named output does not need are let go`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 3])
    let t = builder.input("t", [1])
    let y = builder.node(Neg(), [x], output: "y")
    let z = builder.node(Mul(), [y, t], output: "z")
    let graph = builder.finish(outputs: [y, z])
    #expect(try graph.restricted(toOutput: "y").inputs.map(\.value) == [x])
    #expect(try graph.restricted(toOutput: nil).inputs.map(\.value) == [x, t])
  }

  @Test func `integers are turned back into scores`() throws {
    let graph = try graph { builder, pooled in
      let scale = builder.constant("scale", Tensor(scalar: Float(0.5)))
      let zero = builder.constant("zero", Tensor(scalar: UInt8(100)))
      return [builder.node(QuantizeLinear(), [pooled, scale, zero], output: "q")]
    }.dequantizingScores()
    let x = Tensor((0..<12).map { Float($0) - 6 }, shape: [1, 3, 2, 2])
    let values = try ReferenceExecutor(graph).run(inputs: [graph.inputs[0].value: x])
    #expect(values[graph.outputs[0]]?.elements(of: Float.self) == [-4.5, -0.5, 3.5])
  }

  @Test(arguments: [(false, [-2.5, 2.5] as [Float]), (true, [-1.5, 2.5])])
  func `a single score gives one for each of two classes`(
    isProbability: Bool, expected: [Float]
  ) throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 1, 1, 1])
    let z = builder.node(Identity(), [x], output: "z")
    var (graph, scores) = try builder.finish(outputs: [z]).specialized()
      .withBothClasses(of: z, isProbability: isProbability)
    graph.outputs = [scores]
    let values = try ReferenceExecutor(graph).run(
      inputs: [x: Tensor([Float(2.5)], shape: [1, 1, 1, 1])])
    #expect(values[scores]?.elements(of: Float.self) == expected)
  }
}
