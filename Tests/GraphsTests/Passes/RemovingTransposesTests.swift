import Graphs
import Tensors
import Testing

struct RemovingTransposesTests {
  private static let toLast = Transpose(perm: [0, 2, 3, 1])
  private static let toFirst = Transpose(perm: [0, 3, 1, 2])

  @Test
  func `inverse transpositions cancel`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2, 3, 4])
    let a = builder.node(Self.toLast, [x], output: "a")
    let b = builder.node(Self.toFirst, [a], output: "b")
    let y = builder.node(Relu(), [b], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingTransposes() }
    #expect(after.opTypes == ["Relu"])
  }

  @Test
  func `two transpositions become one`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2, 3, 4])
    let a = builder.node(Self.toLast, [x], output: "a")
    let y = builder.node(Transpose(), [a], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingTransposes() }
    #expect(after.opTypes == ["Transpose"])
  }

  @Test
  func `a transposition of axes of extent 1 moves nothing`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 5, 1, 1])
    let a = builder.node(Self.toLast, [x], output: "a")
    let y = builder.node(Relu(), [a], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingTransposes() }
    #expect(after.opTypes == ["Reshape", "Relu"])
  }

  @Test
  func `transpositions are carried over elementwise operators to meet their inverse`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2, 3, 4])
    let a = builder.node(Self.toLast, [x], output: "a")
    let b = builder.node(Relu(), [a], output: "b")
    let perChannel = builder.random("perChannel", [2])
    let c = builder.node(Add(), [b, perChannel], output: "c")
    let half = builder.constant("half", Tensor(scalar: Float(0.5)))
    let d = builder.node(Mul(), [half, c], output: "d")
    let y = builder.node(Self.toFirst, [d], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingTransposes() }
    #expect(after.opTypes == ["Relu", "Add", "Mul"])
  }

  @Test
  func `a value that must survive keeps its layout`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2, 3, 4])
    let a = builder.node(Self.toLast, [x], output: "a")
    let b = builder.node(Relu(), [a], output: "b")
    let y = builder.node(Self.toFirst, [b], output: "y")
    let graph = builder.finish(outputs: [y])
    try PassCheck().expectSame(graph, keep: [b]) { $0.removingTransposes(keep: [b]) }
    try PassCheck().expectSame(graph, keep: [a]) { $0.removingTransposes(keep: [a]) }
  }

  @Test
  func `operands in two layouts stay`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 3, 3, 3])
    let a = builder.node(Self.toLast, [x], output: "a")
    let b = builder.node(Self.toFirst, [x], output: "b")
    let y = builder.node(Add(), [a, b], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingTransposes() }
    #expect(after.opTypes == ["Transpose", "Transpose", "Add"])
  }

  @Test
  func `a leading transposition becomes the layout of the input`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 5, 3])
    let a = builder.node(Self.toFirst, [x], output: "a")
    let y = builder.node(Relu(), [a], output: "y")
    let before = try builder.finish(outputs: [y]).specialized()
    #expect(before.layout(of: x) == .channelsLast)
    let after = before.foldingInputTranspose(of: x)
    #expect(after.opTypes == ["Relu"])
    #expect(after[x].type?.shape == [1, 3, 4, 5])
    #expect(after.inputs[0].dimensions == [.fixed(1), .fixed(3), .fixed(4), .fixed(5)])
    #expect(after.layout(of: x) == .channelsFirst)
  }

  @Test
  func `an input that is read in its own layout too keeps it`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 4, 5, 3])
    let a = builder.node(Self.toFirst, [x], output: "a")
    let b = builder.node(Relu(), [x], output: "b")
    let graph = try builder.finish(outputs: [a, b]).specialized()
    #expect(graph.foldingInputTranspose(of: x)[x].type?.shape == [1, 4, 5, 3])
  }
}
