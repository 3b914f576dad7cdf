import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct JoiningQuantizationTests {
  @Test(arguments: [
    Tensor(scalar: Int8(-3)), Tensor(scalar: UInt8(200)), Tensor(scalar: UInt16(9)),
  ])
  func `a pair is one step with the same bits, for all its readers`(zero: Tensor) throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 3, 5, 7])
    let scale = builder.constant("scale", Tensor(scalar: Float(0.0071)))
    let zeroPoint = builder.constant("zero", zero)
    let integers = builder.node(QuantizeLinear(), [x, scale, zeroPoint], output: "q")
    let first = builder.node(DequantizeLinear(), [integers, scale, zeroPoint], output: "first")
    let second = builder.node(DequantizeLinear(), [integers, scale, zeroPoint], output: "second")
    let y = builder.node(Mul(), [first, second], output: "y")
    let graph = builder.finish(outputs: [y])
    let after = try PassCheck().expectSame(graph) { $0.joiningQuantization() }
    #expect(after.opTypes == ["QuantizeDequantize", "Mul"])
    let kept = try PassCheck().expectSame(graph, keep: [second]) {
      $0.joiningQuantization(keep: [second])
    }
    #expect(kept.opTypes == ["QuantizeDequantize", "QuantizeDequantize", "Mul"])
  }

  @Test func `pairs of different parameters, or of channels, stay`() throws {
    var builder = GraphBuilder()
    let x = builder.input("x", [1, 2, 3])
    let scale = builder.constant("scale", Tensor(scalar: Float(0.01)))
    let other = builder.constant("other", Tensor(scalar: Float(0.02)))
    let integers = builder.node(QuantizeLinear(), [x, scale], output: "q")
    let a = builder.node(DequantizeLinear(), [integers, other], output: "a")
    let scales = builder.constant("scales", Tensor([Float(0.01), 0.02], shape: [2]))
    let channels = builder.node(QuantizeLinear(), [x, scales], output: "channels")
    let b = builder.node(DequantizeLinear(), [channels, scales], output: "b")
    let after = try PassCheck().expectSame(builder.finish(outputs: [a, b])) {
      $0.joiningQuantization()
    }
    #expect(!after.opTypes.contains("QuantizeDequantize"))
  }

  @Test func `the gradient of one step is that of the pair`() throws {
    var seeded = SeededTensors(seed: 3)
    let x = seeded.uniform([40], in: -2...2, of: Float.self)
    let dY = seeded.uniform([40], of: Float.self)
    let scale = Tensor(scalar: Float(0.01))
    let zero = Tensor(scalar: Int8(20))
    let integers = try QuantizeLinear().outputs(of: [x, scale, zero])[0]
    let y = try DequantizeLinear().outputs(of: [integers, scale, zero])[0]
    let middle = try DequantizeLinear().backward(
      BackwardPass(
        inputs: [integers, scale, zero], outputs: [y], outputGradients: [dY],
        wanted: [true, false, false]))
    let expected = try QuantizeLinear().backward(
      BackwardPass(
        inputs: [x, scale, zero], outputs: [integers], outputGradients: [middle[0]],
        wanted: [true, false, false]))
    var builder = GraphBuilder()
    let input = builder.input("x", [40])
    let scaleID = builder.constant("scale", scale)
    let zeroID = builder.constant("zero", zero)
    let q = builder.node(QuantizeLinear(), [input, scaleID, zeroID], output: "q")
    let output = builder.node(DequantizeLinear(), [q, scaleID, zeroID], output: "y")
    let joined = try builder.finish(outputs: [output]).specialized().joiningQuantization()
    let op = try #require(joined.nodes.first?.op)
    #expect(op.isStraightThrough)
    let found = try op.backward(
      BackwardPass(inputs: [x], outputs: [y], outputGradients: [dY], wanted: [true]))
    let wanted = try #require(expected[0]).elements(of: Float.self)
    #expect(relativeDifference(try #require(found[0]).elements(of: Float.self), wanted) < 1e-6)
    #expect(wanted.contains(0) && wanted.contains { $0 != 0 })
  }
}
