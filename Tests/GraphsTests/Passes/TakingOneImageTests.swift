import Faults
import Graphs
import Tensors
import Testing

struct TakingOneImageTests {
  /// x [4, 6] -> Reshape -> y, with a target shape that names the batch.
  private func graph(target: [Int64], then op: (any Operator)? = nil) -> (Graph, ValueID) {
    var builder = GraphBuilder()
    let x = builder.input("x", [4, 6])
    let shape = builder.constant("shape", Tensor(target, shape: [target.count]))
    var y = builder.node(Reshape(), [x, shape], output: "y")
    if let op { y = builder.node(op, [y], output: "z") }
    return (builder.finish(outputs: [y]), x)
  }

  @Test(arguments: [
    ([4, 2, 3], [1, 2, 3]), ([8, 3], [2, 3]), ([-1, 6], [1, 6]), ([0, 6], [1, 6]),
  ])
  func `a reshape gets the share of one image`(target: [Int64], shape: [Int]) throws {
    let (graph, x) = graph(target: target)
    let one = try graph.takingOneImage(x, shape: [1, 6]).specialized(inputShapes: [x: [1, 6]])
    #expect(one[one.outputs[0]].type?.shape.dimensions == shape)
  }

  static let mixing: [(target: [Int64], op: (any Operator)?)] = [
    ([2, 12], nil), ([4, 6], ReduceMean(axes: [0], keepdims: true)),
    ([4, 6], Transpose(perm: [1, 0])),
  ]

  @Test(arguments: mixing.indices)
  func `a graph that mixes images is refused`(index: Int) {
    let (graph, x) = graph(target: Self.mixing[index].target, then: Self.mixing[index].op)
    let fault = #expect(throws: Fault.self) { try graph.takingOneImage(x, shape: [1, 6]) }
    #expect(fault?.message.contains("exactly 4 images") == true)
  }
}
