import Graphs
import Tensors
import Testing

struct RemovingCopiesTests {
  @Test
  func `a copy in the middle is passed by`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2])
    let a = builder.node(Relu(), [x], output: "a")
    let copy = builder.node(Identity(), [a], output: "copy")
    let y = builder.node(Neg(), [copy], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingCopies() }
    #expect(after.opTypes == ["Relu", "Neg"])
  }

  @Test
  func `a copy to an output gives the output's name to what it copies`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2])
    let a = builder.node(Relu(), [x], output: "a")
    let side = builder.node(Neg(), [a], output: "side")
    let y = builder.node(Identity(), [a], output: "y")
    let graph = builder.finish(outputs: [y, side])
    let after = try PassCheck().expectSame(graph) { $0.removingCopies() }
    #expect(after.opTypes == ["Relu", "Neg"])
  }

  @Test
  func `a copy between two names that must survive stays`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2])
    let a = builder.node(Relu(), [x], output: "a")
    let y = builder.node(Identity(), [a], output: "y")
    let z = builder.node(Identity(), [x], output: "z")
    let graph = builder.finish(outputs: [y, z])
    let after = try PassCheck().expectSame(graph, keep: [a]) { $0.removingCopies(keep: [a]) }
    #expect(after.opTypes == ["Relu", "Identity", "Identity"])
  }

  @Test
  func `a cast to the same type goes, another stays`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [2])
    let same = builder.node(Cast(to: .float32), [x], output: "same")
    let wide = builder.node(Cast(to: .float64), [same], output: "wide")
    let y = builder.node(Neg(), [wide], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.removingCopies() }
    #expect(after.opTypes == ["Cast", "Neg"])
  }
}
