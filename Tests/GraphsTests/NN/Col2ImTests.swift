import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

private func extents(_ values: Int64...) -> Tensor { Tensor(values, shape: [values.count]) }

private let gradients = gradientCases(seed: 22) { seeded in
  [
    GradientCase(
      Col2Im(), [seeded.uniform([1, 8, 6]), extents(3, 4), extents(2, 2)]),
    GradientCase(
      Col2Im(dilations: [1, 2], pads: [1, 0, 1, 1], strides: [2, 1]),
      [seeded.uniform([2, 18, 6]), extents(3, 6), extents(3, 3)], "dilated, padded, strided"),
    GradientCase(Col2Im(), [seeded.uniform([1, 4, 4]), extents(5), extents(2)], "1-D"),
  ]
}

struct Col2ImTests {
  @Test func `overlapping blocks add up`() throws {
    let columns = Tensor((1...8).map(Float.init), shape: [1, 4, 2])
    let inputs = [columns, extents(2, 3), extents(2, 2)]
    let types = try Col2Im().outputTypes(inputs.map { ValueFact($0.type, constant: $0) })
    #expect(types == [TensorType(.float32, [1, 1, 2, 3])])
    let image = Tensor(uninitialized: .float32, types[0].shape)
    try Col2Im().evaluate(inputs, into: [image])
    #expect(image.elements(of: Float.self) == [1, 2 + 3, 4, 5, 6 + 7, 8])
  }

  @Test(arguments: gradients)
  func `the gradient takes the blocks out again`(sample: GradientCase) throws {
    try sample.check()
  }

  @Test(arguments: [
    ([4, 4], [0, 2]), ([1, 1], [2, 2]), ([9, 9], [2, 2]), ([1 << 40, 4], [2, 2]), ([4], [2, 2]),
  ])
  func `blocks that do not fit the image are refused`(image: [Int], block: [Int]) {
    let columns = Tensor(zeros: .float32, [1, 8, 6])
    let inputs = [
      columns, Tensor(image.map(Int64.init), shape: [image.count]),
      Tensor(block.map(Int64.init), shape: [block.count]),
    ]
    #expect(throws: Fault.self) {
      try Col2Im().outputTypes(inputs.map { ValueFact($0.type, constant: $0) })
    }
  }
}
