import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct ComputingOnIntegersTests {
  /// A graph of QuantizeLinear and DequantizeLinear around operators.
  private struct Quantized {
    var builder = GraphBuilder()

    mutating func rounded(_ x: ValueID, _ name: String, scale: Float, zero: UInt8) -> ValueID {
      let parameters = [
        builder.constant("\(name)/scale", Tensor(scalar: scale)),
        builder.constant("\(name)/zero", Tensor(scalar: zero)),
      ]
      let integers = builder.node(QuantizeLinear(), [x] + parameters, output: "\(name)/integers")
      return builder.node(DequantizeLinear(), [integers] + parameters, output: name)
    }

    mutating func weights(_ name: String, _ shape: Shape, scales: [Float]) -> ValueID {
      var seeded = SeededTensors(seed: UInt64(shape.elementCount))
      let integers = Tensor(
        (0..<shape.elementCount).map { _ in Int8(seeded.integer(in: -127...127)) }, shape: shape)
      return builder.node(
        DequantizeLinear(axis: 0),
        [
          builder.constant("\(name)/integers", integers),
          builder.constant(
            "\(name)/scale",
            scales.count == 1
              ? Tensor(scalar: scales[0]) : Tensor(scales, shape: [scales.count])),
        ], output: name)
    }

    mutating func bias(_ name: String, _ values: [Int32], scales: [Float]) -> ValueID {
      builder.node(
        DequantizeLinear(axis: 0),
        [
          builder.constant("\(name)/integers", Tensor(values, shape: [values.count])),
          builder.constant("\(name)/scale", Tensor(scales, shape: [scales.count])),
        ], output: name)
    }
  }

  private static let scales: [Float] = [0.01, 0.02, 0.005, 0.03]

  /// Conv with Relu between roundings, a residual, the mean of planes and a matrix.
  private func network() -> (graph: Graph, conv: ValueID, pooled: ValueID) {
    var q = Quantized()
    let x = q.rounded(q.builder.input("x", [1, 4, 6, 5]), "x8", scale: 0.01, zero: 120)
    let w = q.weights("w", [4, 4, 3, 3], scales: Self.scales)
    let b = q.bias("b", [500, -300, 4000, 0], scales: Self.scales.map { 0.01 * $0 })
    let conv = q.builder.node(
      Conv(kernelShape: [3, 3], pads: [1, 1, 1, 1]), [x, w, b], output: "conv")
    let relu = q.builder.node(Relu(), [conv], output: "relu")
    let y = q.rounded(relu, "y8", scale: 0.03, zero: 0)
    let sum = q.rounded(
      q.builder.node(Add(), [y, x], output: "sum"), "sum8", scale: 0.035, zero: 40)
    let pooled = q.rounded(
      q.builder.node(GlobalAveragePool(), [sum], output: "pooled"), "pooled8", scale: 0.02, zero: 30
    )
    let rows = q.rounded(
      q.builder.node(Flatten(), [pooled], output: "rows"), "rows8", scale: 0.02, zero: 30)
    let head = q.weights("head", [7, 4], scales: [0.02])
    let scores = q.builder.node(Gemm(transB: true), [rows, head], output: "scores")
    let output = q.rounded(scores, "scores8", scale: 0.05, zero: 128)
    return (q.builder.finish(outputs: [output]), conv, sum)
  }

  @Test func `operators between roundings become operators on integers`() throws {
    let (graph, _, _) = network()
    var check = PassCheck()
    // A rounding of float32 may go the other way: by one step.
    check.tolerance = 0.05
    let after = try check.expectSame(graph) { $0.joiningQuantization().computingOnIntegers() }
    #expect(
      after.opTypes == [
        "QuantizeDequantize", "QuantizedConv", "QuantizedAdd", "QuantizedGlobalAveragePool",
        "Flatten", "QuantizedGemm",
      ])
  }

  @Test func `a convolution has the integers of QLinearConv`() throws {
    let (graph, _, _) = network()
    let before = try graph.specialized()
    let after = before.joiningQuantization().computingOnIntegers()
    let node = try #require(after.nodes.first { $0.op.opType == "QuantizedConv" })
    var seeded = SeededTensors(seed: 2)
    let image = seeded.uniform([1, 4, 6, 5], in: -1.2...1.2, of: Float.self)
    let input = try #require(node.inputs[0])
    let values = try ReferenceExecutor(after).values(
      of: [node.outputs[0], input], given: [after.inputs[0].value: image])
    let integers = try QuantizeLinear().outputs(of: [
      values[input], Tensor(scalar: Float(0.01)), Tensor(scalar: UInt8(120)),
    ])[0]
    func constant(_ name: String) throws -> Tensor {
      let value = try #require(graph.value(named: name))
      return try #require(graph[value].constant)
    }
    let conv = Conv(kernelShape: [3, 3], pads: [1, 1, 1, 1])
    let expected = try QLinearConv(conv).outputs(of: [
      integers, Tensor(scalar: Float(0.01)), Tensor(scalar: UInt8(120)),
      try constant("w/integers"), try constant("w/scale"),
      Tensor([Int8](repeating: 0, count: 4), shape: [4]), Tensor(scalar: Float(0.03)),
      Tensor(scalar: UInt8(0)), try constant("b/integers"),
    ])[0]
    let found = try #require(values[node.outputs[0]]).elements(of: Float.self)
    #expect(found == expected.elements(of: UInt8.self).map { Float($0) * 0.03 })
    #expect(Set(found).count > 20)
  }

  @Test func `a value that is kept changes no integer, and keeps its gradient`() throws {
    let (graph, conv, sum) = network()
    let before = try graph.specialized(keep: [conv, sum]).joiningQuantization(keep: [conv, sum])
    let after = before.computingOnIntegers(keep: [conv, sum])
    #expect(
      after.opTypes == [
        "QuantizeDequantize", "Conv", "Relu", "QuantizedConv", "RoundedResult", "QuantizedAdd",
        "QuantizedGlobalAveragePool", "Flatten", "QuantizedGemm",
      ])
    var seeded = SeededTensors(seed: 21)
    let image = seeded.uniform([1, 4, 6, 5], in: -1.2...1.2, of: Float.self)
    let output = graph.outputs[0]
    let found = try [before.computingOnIntegers(), after].map { graph in
      let values = try ReferenceExecutor(graph).values(
        of: [output], given: [graph.inputs[0].value: image])
      return try #require(values[output]).elements(of: Float.self)
    }
    #expect(found[0] == found[1])
    let gradients = try [before, after].map { try gradient($0, by: conv, image) }
    #expect(gradients[0].contains { $0 != 0 })
    #expect(relativeDifference(gradients[1], gradients[0]) < 1e-5)
  }

  @Test func `weights that were never integers stay`() throws {
    var q = Quantized()
    let x = q.rounded(q.builder.input("x", [1, 4, 6, 5]), "x8", scale: 0.01, zero: 120)
    let w = q.builder.random("w", [4, 4, 1, 1])
    let conv = q.builder.node(Conv(kernelShape: [1, 1]), [x, w], output: "conv")
    let y = q.rounded(conv, "y8", scale: 0.03, zero: 0)
    let after = try PassCheck().expectSame(q.builder.finish(outputs: [y])) {
      $0.joiningQuantization().computingOnIntegers()
    }
    #expect(after.opTypes == ["QuantizeDequantize", "Conv", "QuantizeDequantize"])
  }

  @Test func `gradients are those of the graph with float operators`() throws {
    let (graph, _, _) = network()
    let before = try graph.specialized().joiningQuantization()
    let after = before.computingOnIntegers()
    var seeded = SeededTensors(seed: 9)
    let image = seeded.uniform([1, 4, 6, 5], in: -1.2...1.2, of: Float.self)
    let target = try #require(before.value(named: "x8"))
    let found = try [before, after].map { try gradient($0, by: target, image) }
    #expect(found[0].contains { $0 != 0 })
    #expect(relativeDifference(found[1], found[0]) < 1e-5)
  }

  /// The gradient of one score.
  private func gradient(
    _ graph: Graph, by target: ValueID, _ image: Tensor
  ) throws -> [Float] {
    let seed = graph.outputs[0]
    let walk = try ReverseWalk(graph, from: seed, to: [target])
    let forward = try ReferenceExecutor(graph).values(
      of: walk.forwardValues.union([seed, target]), given: [graph.inputs[0].value: image])
    var score = [Float](repeating: 0, count: 7)
    score[3] = 1
    let gradients = try walk.gradients(
      seedGradient: Tensor(score, shape: [1, 7]), forward: forward)
    #expect(graph.isStraightThrough(from: target, to: seed))
    return try #require(gradients[target]).elements(of: Float.self)
  }
}
