import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct ResizeGradientTests {
  @Test(arguments: padCases + resizeCases)
  func `padding and resizing agree with central differences`(
    _ test: ArrayGradientCase
  ) throws {
    let mismatches = try GradientCheck().mismatches(
      of: test.op, inputs: test.inputs, wanted: test.inputs.indices.map { $0 == 0 })
    #expect(mismatches.isEmpty, "\(mismatches.prefix(3))")
  }

  static let padCases: [ArrayGradientCase] = {
    var seeded = SeededTensors(seed: 6)
    let x = seeded.uniform([2, 3, 4])
    let pads: [Int] = [0, 2, 1, 1, 0, 5]
    return [
      ArrayGradientCase("Pad", Pad(pads: pads, value: 3), [x]),
      ArrayGradientCase("Pad reflect", Pad(mode: .reflect, pads: pads), [x]),
      ArrayGradientCase("Pad edge", Pad(mode: .edge, pads: pads), [x]),
      ArrayGradientCase("Pad wrap", Pad(mode: .wrap, pads: pads), [x]),
      ArrayGradientCase("Pad crop", Pad(pads: [0, -1, 1, 0, 1, -2]), [x]),
      ArrayGradientCase("Pad edge crop", Pad(mode: .edge, pads: [0, -1, 1, 0, 1, -2]), [x]),
    ]
  }()

  static let resizeCases: [ArrayGradientCase] = {
    var seeded = SeededTensors(seed: 8)
    let x = seeded.uniform([1, 2, 3, 4])
    let up: [Tensor?] = [x, nil, Tensor([1, 1, 2, 1.5] as [Float], shape: [4])]
    let down: [Tensor?] = [x, nil, nil, Tensor([1, 2, 2, 3] as [Int64], shape: [4])]
    let crop = Tensor([0, 0, 0.3, -0.4, 1, 1, 0.9, 1.2] as [Float], shape: [8])
    let cropped: [Tensor?] = [x, crop, nil, Tensor([1, 2, 3, 5] as [Int64], shape: [4])]
    return [
      ArrayGradientCase("Resize nearest", Resize(), up),
      ArrayGradientCase("Resize linear", Resize(mode: .linear), up),
      ArrayGradientCase("Resize cubic", Resize(mode: .cubic, excludeOutside: true), up),
      ArrayGradientCase("Resize linear down", Resize(mode: .linear, antialias: true), down),
      ArrayGradientCase("Resize cubic down", Resize(mode: .cubic, antialias: true), down),
      ArrayGradientCase(
        "Resize crop linear",
        Resize(mode: .linear, coordinateTransformationMode: .tfCropAndResize), cropped),
      ArrayGradientCase(
        "Resize crop nearest", Resize(coordinateTransformationMode: .tfCropAndResize), cropped),
      ArrayGradientCase("Upsample", Upsample(scales: [1, 1, 2, 3]), [x]),
      ArrayGradientCase("Upsample linear", Upsample(mode: .linear, scales: [1, 1, 2, 3]), [x]),
    ]
  }()
}
