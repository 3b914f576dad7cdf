import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct MovementGradientTests {
  @Test(arguments: viewCases + copyCases)
  func `a rule that moves elements agrees with central differences`(_ test: ArrayGradientCase)
    throws
  {
    let mismatches = try GradientCheck().mismatches(of: test.op, inputs: test.inputs)
    #expect(mismatches.isEmpty, "\(mismatches.prefix(3))")
  }

  private static func ints(_ values: Int64...) -> Tensor { Tensor(values, shape: [values.count]) }

  static let viewCases: [ArrayGradientCase] = {
    var seeded = SeededTensors(seed: 3)
    let x = seeded.uniform([2, 1, 3, 2])
    return [
      ArrayGradientCase("Reshape", Reshape(), [x, ints(0, -1)]),
      ArrayGradientCase("Flatten", Flatten(axis: 2), [x]),
      ArrayGradientCase("Squeeze", Squeeze(axes: [1]), [x]),
      ArrayGradientCase("Unsqueeze", Unsqueeze(axes: nil), [x, ints(0, -1)]),
    ]
  }()

  static let copyCases: [ArrayGradientCase] = {
    var seeded = SeededTensors(seed: 3)
    let x = seeded.uniform([2, 1, 3, 2])
    let image = seeded.uniform([1, 8, 2, 3])
    let wide = seeded.uniform([1, 2, 4, 6])
    let matrix = seeded.uniform([4, 5])
    return [
      ArrayGradientCase("Expand", Expand(), [x, ints(2, 3, 1)]),
      ArrayGradientCase("Tile", Tile(), [x, ints(1, 2, 1, 3)]),
      ArrayGradientCase("Transpose", Transpose(perm: [2, 0, 3, 1]), [x]),
      ArrayGradientCase("Transpose without perm", Transpose(), [x]),
      ArrayGradientCase("Concat", Concat(axis: -2), [x, seeded.uniform([2, 1, 1, 2]), x]),
      ArrayGradientCase("Split", Split(axis: 1, split: [1, 3, 1], numOutputs: 3), [matrix]),
      ArrayGradientCase(
        "Slice", Slice(), [matrix, ints(-1, 1), ints(-9, 5), ints(0, 1), ints(-2, 2)]),
      ArrayGradientCase("Gather", Gather(axis: 1), [matrix, ints(0, -1, 0, 2)]),
      ArrayGradientCase(
        "GatherElements", GatherElements(axis: 0),
        [matrix, Tensor([0, 3, -1, 0, 0, 0] as [Int64], shape: [2, 3])]),
      ArrayGradientCase(
        "GatherND", GatherND(batchDims: 1),
        [seeded.uniform([2, 3, 2]), Tensor([2, -1, 0, 2] as [Int64], shape: [2, 2, 1])]),
      ArrayGradientCase("DepthToSpace", DepthToSpace(blocksize: 2), [image]),
      ArrayGradientCase(
        "DepthToSpace CRD", DepthToSpace(blocksize: 2, mode: .columnRowDepth), [image]),
      ArrayGradientCase("SpaceToDepth", SpaceToDepth(blocksize: 2), [wide]),
      ArrayGradientCase(
        "SpaceToDepth CRD", SpaceToDepth(blocksize: 2, mode: .columnRowDepth), [wide]),
    ]
  }()
}
