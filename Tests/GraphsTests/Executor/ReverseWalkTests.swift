import Faults
import Graphs
import Tensors
import Testing

struct ReverseWalkTests {
  /// x -> a = 2x; b = 3a; row = view of a; y = b * row.
  private struct Diamond {
    let graph: Graph
    let x, a, y: ValueID

    init() throws {
      var builder = GraphBuilder()
      x = builder.input("x", [1, 2], .float64)
      a = builder.node(Scale(factor: 2), [x], output: "a")
      let b = builder.node(Scale(factor: 3), [a], output: "b")
      let row = builder.node(AsRow(), [a], output: "row")
      y = builder.node(Product(), [b, row], output: "y")
      graph = try builder.finish(outputs: [y]).specialized()
    }
  }

  @Test
  func `gradients add up over branches and pass through views`() throws {
    let diamond = try Diamond()
    let walk = try ReverseWalk(diamond.graph, from: diamond.y, to: [diamond.a, diamond.x])
    let forward = try ReferenceExecutor(diamond.graph).run(
      inputs: [diamond.x: Tensor([1.0, -2], shape: [1, 2])], keep: walk.forwardValues)
    let gradients = try walk.gradients(
      seedGradient: Tensor([1.0, 1], shape: [1, 2]), forward: forward)
    // y = 3a * a, so dy/da = 6a and dy/dx = 12a with a = 2x.
    #expect(gradients[diamond.a]?.elements(of: Double.self) == [12, -24])
    #expect(gradients[diamond.x]?.elements(of: Double.self) == [24, -48])
  }

  @Test
  func `only what lies between target and seed is read`() throws {
    let diamond = try Diamond()
    let walk = try ReverseWalk(diamond.graph, from: diamond.y, to: [diamond.a])
    #expect(!walk.forwardValues.contains(diamond.x))
    #expect(walk.forwardValues.contains(diamond.a))
  }

  @Test
  func `a layer the score does not depend on is refused`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1], .float64)
    let y = builder.node(Scale(factor: 2), [x], output: "y")
    let side = builder.node(Scale(factor: 2), [x], output: "side")
    let graph = try builder.finish(outputs: [y, side]).specialized()
    let fault = #expect(throws: Fault.self) { try ReverseWalk(graph, from: y, to: [side]) }
    #expect(fault?.code == .explainNotSupported)
    #expect(fault?.message.contains("side") == true)
  }

  @Test
  func `an operator without a rule is named with its node`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2], .float64)
    let y = builder.node(Blunt(), [x], output: "y", name: "the_blunt_node")
    let graph = try builder.finish(outputs: [y]).specialized()
    let walk = try ReverseWalk(graph, from: y, to: [x])
    let ones = Tensor([1.0, 1], shape: [2])
    let fault = #expect(throws: Fault.self) {
      try walk.gradients(seedGradient: ones, forward: [x: ones, y: ones])
    }
    #expect(fault?.code == .explainNotSupported)
    #expect(fault?.details["node"] == .string("the_blunt_node"))
    #expect(fault?.details["operator"] == .string("Blunt"))
  }
}

/// An operator without a gradient rule.
private struct Blunt: Operator {
  func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    inputs.compactMap { $0?.type }
  }

  func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {}
}
