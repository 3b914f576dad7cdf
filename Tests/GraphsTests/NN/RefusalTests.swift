import Faults
import Graphs
import InfercamTestSupport
import Kernels
import Tensors
import Testing

/// An operator on shapes it must refuse, with a part of the message.
private struct Case: CustomTestStringConvertible, Sendable {
  var op: any Operator
  var inputs: [TensorType?]
  var message: String

  init(_ op: any Operator, _ shapes: [Shape?], _ message: String, dtypes: [DType] = []) {
    self.op = op
    self.inputs = shapes.enumerated().map { index, shape in
      shape.map { TensorType(index < dtypes.count ? dtypes[index] : .float32, $0) }
    }
    self.message = message
  }

  var testDescription: String { "\(op.opType): \(message)" }
}

private let cases = [
  Case(Conv(), [[1, 3, 8, 8]], "1 inputs are given"),
  Case(Conv(), [[1, 3, 8, 8], nil], "input W is missing"),
  Case(Conv(), [[1, 3, 8, 8], [4, 2, 3, 3]], "do not fit 1 groups"),
  Case(Conv(group: 0), [[1, 3, 8, 8], [4, 3, 3, 3]], "do not fit 0 groups"),
  Case(Conv(group: -1), [[1, 3, 8, 8], [4, 3, 3, 3]], "do not fit -1 groups"),
  Case(Conv(group: 2), [[1, 4, 8, 8], [3, 2, 3, 3]], "the filters a multiple of group"),
  Case(Conv(), [[1, 0, 8, 8], [3, 0, 3, 3]], "do not fit"),
  Case(Conv(), [[1, 3], [4, 3]], "at least one spatial axis"),
  Case(Conv(), [[1, 3, 8, 8], [4, 3, 3]], "the same rank"),
  Case(Conv(), [[1, 1, 2, 2, 2, 2], [1, 1, 1, 1, 1, 1]], "4 spatial axes"),
  Case(Conv(kernelShape: [5, 5]), [[1, 3, 8, 8], [4, 3, 3, 3]], "kernel_shape [5, 5]"),
  Case(Conv(strides: [0, 1]), [[1, 3, 8, 8], [4, 3, 3, 3]], "strides contains 0"),
  Case(Conv(pads: [0, 0]), [[1, 3, 8, 8], [4, 3, 3, 3]], "pads has 2 entries"),
  Case(Conv(), [[1, 3, 8, 2], [4, 3, 3, 3]], "larger than the padded input of 2"),
  Case(Conv(), [[1, 3, 8, 8], [4, 3, 3, 3], [3]], "input B has the shape [3]"),
  Case(Conv(), [[1, 3, 8, 8], [4, 3, 3, 3]], "input X is uint8", dtypes: [.uint8, .uint8]),
  Case(
    Conv(), [[1, 3, 8, 8], [4, 3, 3, 3]], "input W is float64", dtypes: [.float32, .float64]),
  Case(ConvTranspose(), [[1, 3, 8, 8], [4, 3, 3, 3]], "do not fit 1 groups"),
  Case(ConvTranspose(group: .max), [[1, 3, 8, 8], [3, 9, 3, 3]], "do not fit"),
  Case(
    ConvTranspose(strides: [1 << 30, 1]), [[1, 1, 1 << 20, 1], [1, 1, 1, 1]],
    "makes the output too large"),
  Case(
    ConvTranspose(pads: [9, 9, 9, 9]), [[1, 1, 4, 4], [1, 1, 3, 3]], "leave an output extent"),
  Case(MaxPool(kernelShape: [2]), [[1, 3, 8, 8]], "kernel_shape has 1 entries"),
  Case(MaxPool(kernelShape: [2, 2]), [[3, 8]], "no spatial axis"),
  Case(MaxPool(kernelShape: [2, 2]), [[1, 1, 4, 4]], "input X is int32", dtypes: [.int32]),
  Case(
    MaxPool(kernelShape: [2, 2], pads: [2, 0, 0, 0]), [[1, 1, 4, 4]],
    "must be smaller than the window"),
  Case(AveragePool(kernelShape: [9, 9]), [[1, 1, 4, 4]], "larger than the padded input"),
  Case(
    AveragePool(
      kernelShape: [1 << 30, 1 << 30], pads: [1 << 29, 1 << 29, 1 << 29, 1 << 29]),
    [[1, 1, 4, 4]], "too large"),
  Case(
    MaxPool(kernelShape: [1 << 13, 1 << 13], pads: [8000, 8000, 8000, 8000]), [[1, 1, 400, 400]],
    "too large to pool"),
  Case(
    Conv(pads: [1 << 30, 1 << 30, 1 << 30, 1 << 30]), [[0, 1, 4, 4], [1, 1, 1, 1]], "too large"),
  Case(Softmax(), [[0, 1 << 40, 1 << 40]], "is impossible"),
  Case(LpPool(kernelShape: [2, 2], p: 0), [[1, 1, 4, 4]], "p is 0"),
  Case(GlobalLpPool(p: -1), [[1, 1, 4, 4]], "p is -1"),
  Case(GlobalAveragePool(), [[1, 1, 0, 4]], "planes of elements"),
  Case(Gemm(), [[2, 3], [4, 5]], "no inner extent in common"),
  Case(Gemm(), [[2, 3, 4], [4, 5]], "must be matrices"),
  Case(Gemm(), [[2, 3], [3, 5], [4]], "C [4] does not broadcast to [2, 5]"),
  Case(MatMul(), [[2, 3], [4, 5]], "no inner extent in common"),
  Case(MatMul(), [[2, 2, 3], [3, 3, 5]], "do not broadcast"),
  Case(MatMul(), [[], [3]], "at least one axis"),
  Case(BatchNormalization(), [[1, 3, 2], [3], [3], [2], [3]], "input input_mean has the shape"),
  Case(GroupNormalization(numGroups: 0), [[1, 4, 2], [4], [4]], "cannot form 0 groups"),
  Case(GroupNormalization(numGroups: 3), [[1, 4, 2], [4], [4]], "cannot form 3 groups"),
  Case(LayerNormalization(axis: 3), [[2, 3], [3]], "axis 3 is outside"),
  Case(LayerNormalization(), [[2, 3], [2, 3]], "Scale [2, 3] does not broadcast to [3]"),
  Case(LRN(size: 0), [[1, 3, 2, 2]], "size is 0"),
  Case(MeanVarianceNormalization(), [[1, 3, 2]], "axis 3 is outside"),
  Case(Softmax(axis: 2), [[2, 3]], "axis 2 is outside"),
  Case(PRelu(), [[2, 3], [2]], "slope [2] does not broadcast"),
  Case(Clip(), [[2], [2]], "input min has the shape [2]"),
  Case(Clip(), [[2], []], "input min is float64", dtypes: [.float32, .float64]),
  Case(Relu(), [[2]], "no rectifier", dtypes: [.uint8]),
  Case(Dropout(), [[2], [], []], "must be a constant", dtypes: [.float32, .float32, .bool]),
]

struct RefusalTests {
  @Test(arguments: cases)
  private func `inputs that do not fit are named`(_ test: Case) throws {
    let fault = #expect(throws: Fault.self) {
      try test.op.outputTypes(test.inputs.map { $0.map { ValueFact($0) } })
    }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains(test.message) == true, "\(fault?.message ?? "")")
  }

  @Test func `training is refused and inference is not`() throws {
    let facts: (Bool) -> [ValueFact?] = { trains in
      let mode = Tensor(scalar: trains)
      return [ValueFact(TensorType(.float32, [2])), nil, ValueFact(mode.type, constant: mode)]
    }
    #expect(throws: Fault.self) { try Dropout().outputTypes(facts(true)) }
    #expect(try Dropout().outputTypes(facts(false)) == [TensorType(.float32, [2])])
  }

  @Test func `a gradient that has no rule is refused, not zero`() throws {
    var seeded = SeededTensors(seed: 71)
    let (x, weight) = (seeded.uniform([1, 2, 4, 4]), seeded.uniform([3, 2, 3, 3]))
    let y = try Conv().outputs(of: [x, weight])
    let fault = #expect(throws: Fault.self) {
      try Conv().backward(
        BackwardPass(
          inputs: [x, weight], outputs: y, outputGradients: y, wanted: [true, true]))
    }
    #expect(fault?.code == .explainNotSupported)
    let norm = LayerNormalization(outputCount: 2)
    let outputs = try norm.outputs(of: [x, seeded.uniform([4])])
    #expect(throws: Fault.self) {
      try norm.backward(
        BackwardPass(
          inputs: [x, seeded.uniform([4])], outputs: outputs, outputGradients: outputs,
          wanted: [true, false]))
    }
  }
}
