import Graphs
import Tensors
import Testing

struct JoiningActivationsTests {
  @Test
  func `bounds in a row become one Clip`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [8])
    let low = builder.constant("low", Tensor(scalar: Float(-0.5)))
    let high = builder.constant("high", Tensor(scalar: Float(0.25)))
    let a = builder.node(Max(), [x, low], output: "a")
    let y = builder.node(Min(), [high, a], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.joiningBounds() }
    #expect(after.opTypes == ["Clip"])
  }

  @Test
  func `a lower bound above the upper one wins when it comes last`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [8])
    let high = builder.constant("high", Tensor(scalar: Float(-0.25)))
    let a = builder.node(Min(), [x, high], output: "a")
    let y = builder.node(Relu(), [a], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.joiningBounds() }
    #expect(after.opTypes == ["Clip"])
  }

  @Test
  func `a Relu alone and a bound that broadcasts stay`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4])
    let rows = builder.random("rows", [4])
    let a = builder.node(Relu(), [x], output: "a")
    let y = builder.node(Min(), [a, rows], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.joiningBounds() }
    #expect(after.opTypes == ["Relu", "Min"])
  }

  struct Gate: CustomTestStringConvertible {
    let op: any Operator
    let joined: String
    var testDescription: String { joined }
  }

  @Test(arguments: [
    Gate(op: Sigmoid(), joined: "Swish"),
    Gate(op: HardSigmoid(alpha: 1 / 6, beta: 0.5), joined: "HardSwish"),
  ])
  func `a value times its gate becomes one activation`(gate: Gate) throws {
    for isFirst in [true, false] {
      var builder = GraphBuilder()
      let x = builder.input("x", [8])
      let a = builder.node(Neg(), [x], output: "a")
      let g = builder.node(gate.op, [a], output: "g")
      let y = builder.node(Mul(), isFirst ? [g, a] : [a, g], output: "y")
      let graph = builder.finish(outputs: [y])
      let after = try PassCheck(tolerance: 1e-6).expectSame(graph) { $0.joiningActivations() }
      #expect(after.opTypes == ["Neg", gate.joined])
    }
  }

  @Test
  func `a gate that must survive, or gates another value, stays`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [8])
    let g = builder.node(Sigmoid(), [x], output: "g")
    let y = builder.node(Mul(), [x, g], output: "y")
    let kept = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(kept, keep: [g]) { $0.joiningActivations(keep: [g]) }
    #expect(after.opTypes == ["Sigmoid", "Mul"])
    let other = builder.node(Neg(), [x], output: "other")
    let z = builder.node(Mul(), [other, g], output: "z")
    let graph = builder.finish(outputs: [z])
    #expect(try graph.specialized().joiningActivations().opTypes == ["Sigmoid", "Neg", "Mul"])
  }

  @Test(arguments: [true, false])
  func `the exact Gelu written out becomes one`(halfFirst: Bool) throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [8])
    let root = builder.constant("root", Tensor(scalar: Float(2).squareRoot()))
    let one = builder.constant("one", Tensor(scalar: Float(1)))
    let half = builder.constant("half", Tensor(scalar: Float(0.5)))
    let scaled = builder.node(Div(), [x, root], output: "scaled")
    let erf = builder.node(Erf(), [scaled], output: "erf")
    let sum = builder.node(Add(), [erf, one], output: "sum")
    let first = builder.node(Mul(), [x, halfFirst ? half : sum], output: "first")
    let y = builder.node(Mul(), [first, halfFirst ? sum : half], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck(tolerance: 1e-6).expectSame(graph) { $0.joiningActivations() }
    #expect(after.opTypes == ["Gelu"])
  }

  @Test
  func `only divisions by powers of two become products`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [8])
    let eight = builder.constant("eight", Tensor(scalar: Float(8)))
    let three = builder.constant("three", Tensor(scalar: Float(3)))
    let a = builder.node(Div(), [x, eight], output: "a")
    let y = builder.node(Div(), [a, three], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.exactDivisionsAsProducts() }
    #expect(after.opTypes == ["Mul", "Div"])
  }
}
