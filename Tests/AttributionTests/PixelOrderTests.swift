import InfercamTestSupport
import Tensors
import Testing

@testable import Attribution

struct PixelOrderTests {
  @Test func `pixels go by importance, equal ones by their place, in equal shares`() {
    let order = PixelOrder([0, 2, 1, 2, 0, 3, 0], steps: 3)
    let shares = (1...3).map { Array(order.pixels(ofStep: $0)) }
    #expect(shares == [[5, 1], [3, 2], [0, 4, 6]])
    #expect(PixelOrder([1, 2], steps: 5).steps == 2)
  }

  @Test(arguments: [false, true])
  func `a step copies all channels of its pixels`(isChannelsLast: Bool) {
    var numbers = SeededTensors(seed: 3)
    let shape: Shape = isChannelsLast ? [1, 2, 3, 2] : [1, 2, 2, 3]
    let source = numbers.uniform(shape, in: 1...2, of: Float.self)
    let target = Tensor(zeros: .float32, shape)
    let order = PixelOrder([0, 5, 0, 0, 0, 9], steps: 3)
    order.copyPixels(ofStep: 1, from: source, to: target, isChannelsLast: isChannelsLast)
    let pixels = [1, 5].flatMap { isChannelsLast ? [2 * $0, 2 * $0 + 1] : [$0, $0 + 6] }
    let (given, found) = (source.elements(of: Float.self), target.elements(of: Float.self))
    for place in found.indices {
      #expect(found[place] == (pixels.contains(place) ? given[place] : 0))
    }
    order.copyPixels(ofStep: 1, from: nil, to: target, isChannelsLast: isChannelsLast)
    #expect(target.elements(of: Float.self).allSatisfy { $0 == 0 })
  }

  @Test(arguments: [
    ([1.0, 1, 1], 1.0), ([0, 1], 0.5), ([1, 0.5, 0, 0], 0.333_333_333_333_333_3),
  ])
  func `the area follows the trapezoidal rule`(curve: [Double], area: Double) {
    #expect(abs(PixelOrder.area(curve) - area) < 1e-15)
  }

  @Test func `blurring keeps a constant, spreads a point and treats both layouts alike`() {
    let flat = Tensor([Float](repeating: 3, count: 60), shape: [1, 3, 4, 5])
    #expect(flat.blurred(isChannelsLast: false).elements(of: Float.self).allSatisfy { $0 == 3 })
    var point = [Float](repeating: 0, count: 31 * 31)
    point[15 * 31 + 15] = 1
    let spread = Tensor(point, shape: [1, 1, 31, 31]).blurred(isChannelsLast: false)
      .elements(of: Float.self)
    #expect(abs(spread.reduce(0, +) - 1) < 1e-5)
    #expect(spread.count { $0 > 0 } == 121)
    #expect(spread[15 * 31 + 10] == spread[20 * 31 + 15])
    var numbers = SeededTensors(seed: 8)
    let image = numbers.uniform([1, 2, 4, 6], in: -1...1, of: Float.self)
    let planes = image.elements(of: Float.self)
    let last = Tensor(
      (0..<48).map { planes[$0 % 2 * 24 + $0 / 2] }, shape: [1, 4, 6, 2])
    let first = image.blurred(isChannelsLast: false).elements(of: Float.self)
    let expected = (0..<48).map { first[$0 % 2 * 24 + $0 / 2] }
    #expect(last.blurred(isChannelsLast: true).elements(of: Float.self) == expected)
  }
}
