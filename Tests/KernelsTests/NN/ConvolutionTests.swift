import Faults
import InfercamTestSupport
import Kernels
import Tensors
import Testing

/// A convolution with its attributes.
struct ConvolutionCase: CustomTestStringConvertible, Sendable {
  var batch = 2
  var channels: Int
  var filters: Int
  var group = 1
  var input: [Int]
  var kernel: [Int]
  var strides: [Int]? = nil
  var pads: [Int]? = nil
  var dilations: [Int]? = nil

  var testDescription: String {
    "\(batch)x\(channels)>\(filters)/\(group) \(input) k\(kernel) s\(strides ?? []) "
      + "p\(pads ?? []) d\(dilations ?? [])"
  }

  func geometry() throws -> ConvolutionExtents {
    ConvolutionExtents(
      batch: batch, inputChannels: channels, outputChannels: filters, group: group,
      window: try WindowGeometry(
        input: input, kernel: kernel,
        attributes: .init(strides: strides, pads: pads, dilations: dilations, autoPad: .notSet)))
  }

  var weightShape: Shape { Shape([filters, channels / group] + kernel) }

  /// The convolution by its definition, in Float64.
  func expected(_ x: [Double], _ weight: [Double], _ bias: [Double], output: [Int]) -> [Double] {
    let rank = input.count
    let views = NaiveWindow(
      input: input, kernel: kernel, strides: strides ?? [1, 1, 1],
      pads: pads.map { Array($0.prefix(rank)) } ?? [0, 0, 0], dilations: dilations ?? [1, 1, 1],
      output: output
    ).views()
    let plane = input.reduce(1, *)
    let taps = kernel.reduce(1, *)
    let perGroup = channels / group
    var result: [Double] = []
    for n in 0..<batch {
      for m in 0..<filters {
        let first = m / (filters / group) * perGroup
        for view in views {
          var sum = bias[m]
          for c in 0..<perGroup {
            for (tap, place) in view.enumerated() {
              guard let place else { continue }
              sum +=
                weight[(m * perGroup + c) * taps + tap]
                * x[(n * channels + first + c) * plane + place]
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }
}

let convolutionCases = [
  ConvolutionCase(channels: 3, filters: 4, input: [7, 6], kernel: [3, 3], pads: [1, 1, 1, 1]),
  ConvolutionCase(
    channels: 3, filters: 5, input: [9, 11], kernel: [3, 5], strides: [2, 3], pads: [1, 2, 0, 1]),
  ConvolutionCase(
    channels: 2, filters: 3, input: [10, 9], kernel: [3, 2], pads: [2, 0, 1, 3], dilations: [2, 3]),
  ConvolutionCase(channels: 6, filters: 5, input: [5, 4], kernel: [1, 1]),
  ConvolutionCase(channels: 4, filters: 3, input: [5, 7], kernel: [1, 1], strides: [2, 2]),
  ConvolutionCase(channels: 4, filters: 3, input: [3, 4], kernel: [1, 1], pads: [1, 0, 0, 1]),
  ConvolutionCase(
    channels: 6, filters: 6, group: 6, input: [8, 7], kernel: [3, 3], strides: [2, 1],
    pads: [1, 1, 1, 1]),
  ConvolutionCase(
    channels: 3, filters: 6, group: 3, input: [6, 6], kernel: [5, 5], pads: [2, 2, 2, 2]),
  ConvolutionCase(
    channels: 8, filters: 16, group: 2, input: [6, 5], kernel: [3, 3], strides: [1, 2],
    pads: [1, 1, 1, 1]),
  ConvolutionCase(channels: 3, filters: 4, input: [13], kernel: [4], strides: [3], pads: [2, 1]),
  ConvolutionCase(channels: 4, filters: 4, group: 4, input: [9], kernel: [3], dilations: [2]),
  ConvolutionCase(
    channels: 2, filters: 3, input: [4, 5, 6], kernel: [2, 3, 3], strides: [1, 2, 1],
    pads: [1, 1, 0, 0, 1, 2], dilations: [2, 1, 1]),
  ConvolutionCase(channels: 1, filters: 1, input: [2, 2], kernel: [3, 3], pads: [5, 5, 5, 5]),
  // Larger than one block of gathered columns.
  ConvolutionCase(batch: 1, channels: 512, filters: 2, input: [40, 12], kernel: [3, 3]),
]

struct ConvolutionTests {
  @Test(arguments: convolutionCases)
  func `a convolution equals its definition`(_ test: ConvolutionCase) throws {
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 3)
    let x = seeded.uniform(geometry.input)
    let weight = seeded.uniform(test.weightShape)
    let bias = seeded.uniform([test.filters])
    let y = Tensor(uninitialized: .float64, geometry.output)
    convolution(x, weight: weight, bias: bias, geometry: geometry, into: y)
    let expected = test.expected(
      x.elements(of: Double.self), weight.elements(of: Double.self),
      bias.elements(of: Double.self), output: geometry.window.output)
    #expect(worstDifference(y, expected) < 1e-11)
  }

  @Test(arguments: convolutionCases)
  func `the transpose of a convolution is its adjoint`(_ test: ConvolutionCase) throws {
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 4)
    let x = seeded.uniform(geometry.input)
    let weight = seeded.uniform(test.weightShape)
    let dY = seeded.uniform(geometry.output)
    let y = Tensor(uninitialized: .float64, geometry.output)
    let dX = Tensor(uninitialized: .float64, geometry.input)
    convolution(x, weight: weight, bias: nil, geometry: geometry, into: y)
    convolutionBackward(dY: dY, weight: weight, geometry: geometry, into: dX)
    let forward = zip(y.elements(of: Double.self), dY.elements(of: Double.self)).map(*)
    let backward = zip(x.elements(of: Double.self), dX.elements(of: Double.self)).map(*)
    #expect(abs(forward.reduce(0, +) - backward.reduce(0, +)) < 1e-9)
  }

  @Test(arguments: convolutionCases)
  func `an image has the same bits alone and in a batch`(_ test: ConvolutionCase) throws {
    var alone = test
    alone.batch = 1
    var batch = test
    batch.batch = 3
    var seeded = SeededTensors(seed: 5)
    let x = seeded.uniform(try batch.geometry().input, of: Float.self)
    let weight = seeded.uniform(test.weightShape, of: Float.self)
    let together = Tensor(uninitialized: .float32, try batch.geometry().output)
    convolution(x, weight: weight, bias: nil, geometry: try batch.geometry(), into: together)
    let geometry = try alone.geometry()
    for image in 0..<3 {
      let y = Tensor(uninitialized: .float32, geometry.output)
      convolution(
        x.window(image, of: geometry.input), weight: weight, bias: nil, geometry: geometry, into: y)
      #expect(
        y.elements(of: Float.self)
          == together.window(image, of: geometry.output).elements(of: Float.self))
    }
  }

  @Test func `float16 is computed in float32 and rounded once`() throws {
    let test = convolutionCases[1]
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 6)
    let x = seeded.uniform(geometry.input, of: Float16.self)
    let weight = seeded.uniform(test.weightShape, of: Float16.self)
    let half = Tensor(uninitialized: .float16, geometry.output)
    convolution(x, weight: weight, bias: nil, geometry: geometry, into: half)
    let single = Tensor(uninitialized: .float32, geometry.output)
    convolution(
      Tensor(x.elements(of: Float16.self).map(Float.init), shape: x.shape),
      weight: Tensor(weight.elements(of: Float16.self).map(Float.init), shape: weight.shape),
      bias: nil, geometry: geometry, into: single)
    #expect(half.elements(of: Float16.self) == single.elements(of: Float.self).map(Float16.init))
  }
}

/// The largest difference of a float64 tensor from what is expected; NaN when a NaN is in it.
func worstDifference(_ tensor: Tensor, _ expected: [Double]) -> Double {
  let elements = tensor.elements(of: Double.self)
  guard elements.count == expected.count else { return .infinity }
  return zip(elements, expected).reduce(0) { worst, pair in
    let difference = abs(pair.0 - pair.1)
    return difference > worst || difference.isNaN ? difference : worst
  }
}

extension Tensor {
  /// The `index`-th tensor of shape `part` in this one.
  func window(_ index: Int, of part: Shape) -> Tensor {
    Tensor(
      dtype: dtype, shape: part, storage: storage,
      byteOffset: byteOffset + index * part.elementCount * dtype.byteSize)
  }
}
