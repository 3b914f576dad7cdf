import Graphs
import InfercamTestSupport
import Tensors
import Testing

/// The shapes of two operands and of their product.
private struct Case: CustomTestStringConvertible, Sendable {
  var a: [Int]
  var b: [Int]
  var y: [Int]

  var testDescription: String { "\(a) by \(b)" }
}

private let cases = [
  Case(a: [3, 4], b: [4, 5], y: [3, 5]),
  Case(a: [4], b: [4, 5], y: [5]),
  Case(a: [3, 4], b: [4], y: [3]),
  Case(a: [4], b: [4], y: []),
  Case(a: [2, 3, 4], b: [4, 5], y: [2, 3, 5]),
  Case(a: [2, 3, 2, 4], b: [4, 5], y: [2, 3, 2, 5]),
  Case(a: [2, 3, 2, 4], b: [4], y: [2, 3, 2]),
  Case(a: [2, 3, 2, 4], b: [1, 4, 5], y: [2, 3, 2, 5]),
  Case(a: [3, 4], b: [2, 4, 5], y: [2, 3, 5]),
  Case(a: [4], b: [2, 4, 5], y: [2, 5]),
  Case(a: [2, 3, 4], b: [4], y: [2, 3]),
  Case(a: [2, 1, 3, 4], b: [3, 4, 2], y: [2, 3, 3, 2]),
  Case(a: [1, 2, 3, 4], b: [3, 1, 4, 2], y: [3, 2, 3, 2]),
]

struct MatMulTests {
  @Test(arguments: cases)
  private func `a product of stacks equals its definition`(_ test: Case) throws {
    var seeded = SeededTensors(seed: 61)
    let a = seeded.uniform(Shape(test.a))
    let b = seeded.uniform(Shape(test.b))
    let y = try MatMul().outputs(of: [a, b])[0]
    #expect(y.shape == Shape(test.y))
    let expected = product(test, a.elements(of: Double.self), b.elements(of: Double.self))
    for (value, sum) in zip(y.elements(of: Double.self), expected) {
      #expect(abs(value - sum) < 1e-13)
    }
  }

  @Test(arguments: cases)
  private func `the gradients of a product are those of central differences`(
    _ test: Case
  ) throws {
    var seeded = SeededTensors(seed: 62)
    let inputs = [seeded.uniform(Shape(test.a)), seeded.uniform(Shape(test.b))]
    try GradientCase(MatMul(), inputs, wanted: [0, 1]).check()
    try GradientCase(MatMul(), inputs, wanted: [1]).check()
  }

  @Test func `integers wrap`() throws {
    let a = Tensor([1, 2, .max, 1] as [Int32], shape: [2, 2])
    let b = Tensor([3, 1, 4, 1] as [Int32], shape: [2, 2])
    let y = try MatMul().outputs(of: [a, b])[0].elements(of: Int32.self)
    #expect(y == [11, 3, .max &* 3 &+ 4, .min])
  }

  @Test func `the tokens of an image have the same bits alone and in a batch`() throws {
    var seeded = SeededTensors(seed: 63)
    let a = seeded.uniform([5, 17, 96], of: Float.self)
    let b = seeded.uniform([96, 130], of: Float.self)
    let together = try MatMul().outputs(of: [a, b])[0].elements(of: Float.self)
    for image in 0..<5 {
      let part = Array(a.elements(of: Float.self)[image * 17 * 96..<(image + 1) * 17 * 96])
      let alone = try MatMul().outputs(of: [Tensor(part, shape: [1, 17, 96]), b])[0]
      #expect(
        alone.elements(of: Float.self) == Array(together[image * 17 * 130..<(image + 1) * 17 * 130])
      )
    }
  }

  /// The product by its definition.
  private func product(_ test: Case, _ a: [Double], _ b: [Double]) -> [Double] {
    let left = test.a.count == 1 ? [1] + test.a : test.a
    let right = test.b.count == 1 ? test.b + [1] : test.b
    let (m, k, n) = (left[left.count - 2], left[left.count - 1], right[right.count - 1])
    let rank = max(left.count, right.count) - 2
    let (stackA, stackB) = (padded(left.dropLast(2), rank), padded(right.dropLast(2), rank))
    let stack = zip(stackA, stackB).map { max($0, $1) }
    var result: [Double] = []
    for place in places(stack) {
      let (i, j) = (index(place, stackA), index(place, stackB))
      for row in 0..<m {
        for column in 0..<n {
          result.append(
            (0..<k).reduce(0) { $0 + a[(i * m + row) * k + $1] * b[(j * k + $1) * n + column] })
        }
      }
    }
    return result
  }

  private func padded(_ extents: ArraySlice<Int>, _ rank: Int) -> [Int] {
    [Int](repeating: 1, count: rank - extents.count) + extents
  }

  private func places(_ extents: [Int]) -> [[Int]] {
    extents.reduce([[]]) { places, extent in
      places.flatMap { place in (0..<extent).map { place + [$0] } }
    }
  }

  private func index(_ place: [Int], _ extents: [Int]) -> Int {
    zip(place, extents).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
  }
}
