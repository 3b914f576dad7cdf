import Graphs
import Kernels
import Tensors
import Testing

struct FoldingPadsTests {
  private static let pads: [Int64] = [0, 0, 0, 1, 0, 0, 1, 2]

  private static func padded(
    _ builder: inout GraphBuilder, pads: [Int64] = pads, value: Float = 0
  ) -> ValueID {
    let x = builder.input("x", [1, 2, 5, 6])
    let amounts = builder.constant("pads", Tensor(pads, shape: [8]))
    let constant = builder.constant("value", Tensor(scalar: value))
    return builder.node(Pad(), [x, amounts, constant], output: "padded")
  }

  @Test(arguments: [AutoPad.notSet, .sameUpper, .sameLower, .valid])
  func `zeros around the input of a convolution become its pads`(autoPad: AutoPad) throws {
    var builder = GraphBuilder()
    let padded = Self.padded(&builder)
    let weight = builder.random("weight", [3, 2, 3, 3])
    let op = Conv(
      strides: [2, 2], pads: autoPad == .notSet ? [1, 0, 0, 1] : nil, autoPad: autoPad)
    let y = builder.node(op, [padded, weight], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck(tolerance: 1e-6).expectSame(graph) { $0.foldingPads() }
    #expect(after.opTypes == ["Conv"])
  }

  @Test
  func `zeros before an average pool are counted`() throws {
    var builder = GraphBuilder()
    let padded = Self.padded(&builder)
    let y = builder.node(AveragePool(kernelShape: [3, 3]), [padded], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.foldingPads() }
    #expect(after.opTypes == ["AveragePool"])
  }

  @Test
  func `an average pool that does not count its own pads keeps the zeros apart`() throws {
    var builder = GraphBuilder()
    let padded = Self.padded(&builder)
    let y = builder.node(
      AveragePool(kernelShape: [3, 3], pads: [1, 1, 1, 1]), [padded], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.foldingPads() }
    #expect(after.opTypes == ["Pad", "AveragePool"])
  }

  struct Kept: CustomTestStringConvertible {
    let testDescription: String
    let pads: [Int64]
    var value: Float = 0
  }

  @Test(arguments: [
    Kept(testDescription: "ones", pads: pads, value: 1),
    Kept(testDescription: "channels", pads: [0, 1, 0, 0, 0, 0, 0, 0]),
    Kept(testDescription: "crops", pads: [0, 0, -1, 0, 0, 0, 0, 0]),
  ])
  func `other values, channels and crops are not folded`(case: Kept) throws {
    var builder = GraphBuilder()
    let padded = Self.padded(&builder, pads: `case`.pads, value: `case`.value)
    let weight = builder.random("weight", [3, 2 + Int(`case`.pads[1]), 3, 3])
    let y = builder.node(Conv(), [padded, weight], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.foldingPads() }
    #expect(after.opTypes == ["Pad", "Conv"])
  }

  @Test
  func `a maximum does not take zeros for pads`() throws {
    var builder = GraphBuilder()
    let padded = Self.padded(&builder)
    let y = builder.node(MaxPool(kernelShape: [3, 3]), [padded], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.foldingPads() }
    #expect(after.opTypes == ["Pad", "MaxPool"])
  }
}
