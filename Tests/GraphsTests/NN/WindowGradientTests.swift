import Graphs
import InfercamTestSupport
import Kernels
import Tensors
import Testing

private let convolutions = gradientCases(seed: 11) { seeded in
  [
    GradientCase(
      Conv(pads: [1, 1, 1, 1]),
      [seeded.uniform([2, 3, 5, 4]), seeded.uniform([4, 3, 3, 3]), seeded.uniform([4])]),
    GradientCase(
      Conv(strides: [2, 3], pads: [1, 0, 2, 1], dilations: [1, 2]),
      [seeded.uniform([1, 2, 7, 9]), seeded.uniform([3, 2, 3, 2])], "strided and dilated"),
    GradientCase(
      Conv(strides: [2, 2], autoPad: .sameLower),
      [seeded.uniform([1, 2, 5, 6]), seeded.uniform([3, 2, 3, 3])], "same lower"),
    GradientCase(
      Conv(strides: [2, 1], pads: [1, 1, 1, 1], group: 4),
      [seeded.uniform([1, 4, 5, 5]), seeded.uniform([4, 1, 3, 3])], "depthwise"),
    GradientCase(
      Conv(group: 2),
      [seeded.uniform([1, 4, 4, 4]), seeded.uniform([16, 2, 2, 2])], "grouped"),
    GradientCase(Conv(), [seeded.uniform([2, 3, 3, 4]), seeded.uniform([5, 3, 1, 1])], "1x1"),
    GradientCase(
      Conv(strides: [2], pads: [2, 1]),
      [seeded.uniform([2, 3, 8]), seeded.uniform([2, 3, 4])], "1-D"),
    GradientCase(
      Conv(strides: [1, 2, 1]),
      [seeded.uniform([1, 2, 3, 5, 4]), seeded.uniform([2, 2, 2, 3, 2])], "3-D"),
    GradientCase(
      ConvTranspose(strides: [2, 3], pads: [1, 0, 0, 1], outputPadding: [1, 0]),
      [seeded.uniform([2, 3, 3, 4]), seeded.uniform([3, 2, 3, 3]), seeded.uniform([2])]),
    GradientCase(
      ConvTranspose(strides: [2, 2], group: 2),
      [seeded.uniform([1, 4, 3, 3]), seeded.uniform([4, 1, 2, 2])], "grouped"),
  ]
}

private let pools = gradientCases(seed: 12) { seeded in
  [
    GradientCase(MaxPool(kernelShape: [2, 2], strides: [2, 2]), [seeded.distinct([2, 3, 6, 5])]),
    GradientCase(
      MaxPool(kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceilMode: true),
      [seeded.distinct([1, 2, 6, 7])], "with pads"),
    GradientCase(
      MaxPool(kernelShape: [2], dilations: [3], hasIndices: true), [seeded.distinct([1, 2, 9])],
      "dilated, with indices"),
    GradientCase(
      AveragePool(kernelShape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1]),
      [seeded.uniform([2, 2, 6, 5])]),
    GradientCase(
      AveragePool(
        kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceilMode: true,
        countIncludePad: true),
      [seeded.uniform([1, 2, 6, 6])], "counting pads"),
    GradientCase(GlobalAveragePool(), [seeded.uniform([2, 3, 4, 5])]),
    GradientCase(GlobalMaxPool(), [seeded.distinct([2, 3, 4, 5])]),
  ]
}

struct WindowGradientTests {
  @Test(arguments: convolutions)
  func `the gradient of a convolution is that of central differences`(_ test: GradientCase) throws {
    try test.check()
  }

  @Test(arguments: pools)
  func `the gradient of a pooling is that of central differences`(_ test: GradientCase) throws {
    try test.check()
  }

  @Test func `of equal maxima the first one gets the gradient`() throws {
    let x = Tensor([1, 2, 2, 2] as [Double], shape: [1, 1, 2, 2])
    let dY = Tensor([5] as [Double], shape: [1, 1, 1, 1])
    for op in [MaxPool(kernelShape: [2, 2]), GlobalMaxPool()] as [any Operator] {
      let gradients = try op.backward(
        BackwardPass(
          inputs: [x], outputs: try op.outputs(of: [x]), outputGradients: [dY], wanted: [true]))
      #expect(gradients[0]?.elements(of: Double.self) == [0, 5, 0, 0])
    }
  }
}
