import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct ReductionGradientTests {
  @Test(arguments: cases)
  func `a reduction's rule agrees with central differences`(_ test: ArrayGradientCase) throws {
    let mismatches = try GradientCheck().mismatches(of: test.op, inputs: test.inputs)
    #expect(mismatches.isEmpty, "\(mismatches.prefix(3))")
  }

  static let cases: [ArrayGradientCase] = {
    var seeded = SeededTensors(seed: 5)
    let x = seeded.awayFromZero([2, 3, 4])
    let positive = seeded.uniform([2, 3, 4], in: 0.5...2)
    let distinct = seeded.distinct([2, 3, 4])
    let oneZero = Tensor([1.5, 0, -2, 3, 0.5, 4, 0, 0, 2], shape: [3, 3])
    let inner = Tensor([1, -1] as [Int64], shape: [2])
    return [
      ArrayGradientCase("ReduceSum of the ends", ReduceSum(axes: [0, 2]), [x]),
      ArrayGradientCase("ReduceSum without axes", ReduceSum(keepdims: false), [x]),
      ArrayGradientCase("ReduceMean by input", ReduceMean(keepdims: false), [x, inner]),
      ArrayGradientCase("ReduceProd", ReduceProd(axes: [1]), [x]),
      ArrayGradientCase("ReduceProd with zeros", ReduceProd(axes: [1]), [oneZero]),
      ArrayGradientCase("ReduceMax", ReduceMax(axes: [2], keepdims: false), [distinct]),
      ArrayGradientCase("ReduceMin", ReduceMin(axes: [0, 1]), [distinct]),
      ArrayGradientCase("ReduceL1", ReduceL1(axes: [1]), [x]),
      ArrayGradientCase("ReduceL2", ReduceL2(axes: [1, 2]), [x]),
      ArrayGradientCase("ReduceSumSquare", ReduceSumSquare(axes: [-1]), [x]),
      ArrayGradientCase("ReduceLogSum", ReduceLogSum(axes: [0]), [positive]),
      ArrayGradientCase("ReduceLogSumExp", ReduceLogSumExp(axes: [1, 2]), [x]),
      ArrayGradientCase("no axes, no operation", ReduceSum(noopWithEmptyAxes: true), [x]),
      ArrayGradientCase("CumSum", CumSum(), [x, Tensor(scalar: Int64(1))]),
      ArrayGradientCase(
        "CumSum backwards", CumSum(exclusive: true, reverse: true), [x, Tensor(scalar: Int64(-1))]),
      ArrayGradientCase("Trilu", Trilu(upper: false), [x, Tensor(scalar: Int64(-1))]),
    ]
  }()
}
