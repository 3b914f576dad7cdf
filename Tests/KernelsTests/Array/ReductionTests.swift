import InfercamTestSupport
import Kernels
import Tensors
import Testing

struct ReductionTests {
  static let shapes: [Shape] = [[2, 3, 4, 5], [1, 7, 1, 9], [3, 1, 2, 17]]
  static let axes: [[Int]] = [[], [0], [1], [3], [0, 2], [1, 3], [2, 3], [0, 1, 2, 3]]

  @Test(arguments: shapes, axes)
  func `sums add the elements of each group`(_ shape: Shape, _ axes: [Int]) throws {
    var seeded = SeededTensors(seed: 9)
    let x = seeded.uniform(shape)
    let y = try reduced(.sum, x, axes: axes)
    let elements = x.elements(of: Double.self)
    var expected = [Double](repeating: 0, count: y.elementCount)
    for place in 0..<x.elementCount {
      let group = (0..<4).reduce(0) { sum, axis in
        let index = axes.contains(axis) ? 0 : place / shape.strides[axis] % shape[axis]
        return sum + index * y.shape.strides[axis]
      }
      expected[group] += elements[place]
    }
    for (sum, exact) in zip(y.elements(of: Double.self), expected) {
      #expect(abs(sum - exact) < 1e-12)
    }
  }

  @Test func `each function gives its textbook value`() throws {
    let x = Tensor([3, -4, 12] as [Float], shape: [3])
    let expected: [(ReductionFunction, Float)] = [
      (.sum, 11), (.mean, 11.0 / 3), (.product, -144), (.maximum, 12), (.minimum, -4), (.l1, 19),
      (.l2, 13), (.sumOfSquares, 169), (.logSum, 2.3978953), (.logSumExp, 12.000123),
    ]
    for (function, value) in expected {
      let y = try reduced(function, x, axes: [0]).elements(of: Float.self)[0]
      #expect(abs(y - value) < 1e-5 * max(1, abs(value)), "\(function)")
    }
  }

  @Test func `a long sum of float32 keeps its last digits`() throws {
    let count = 1 << 20
    let x = Tensor([Float](repeating: 0.1, count: count), shape: [count])
    let sum = try reduced(.sum, x, axes: [0]).elements(of: Float.self)[0]
    #expect(sum == Float(Double(Float(0.1)) * Double(count)))
  }

  @Test func `a group without elements gives the neutral value`() throws {
    let empty = Tensor(zeros: .float32, [2, 0])
    let expected: [(ReductionFunction, Float)] = [
      (.sum, 0), (.product, 1), (.maximum, -.infinity), (.minimum, .infinity), (.l2, 0),
      (.logSum, -.infinity), (.logSumExp, -.infinity),
    ]
    for (function, value) in expected {
      #expect(try reduced(function, empty, axes: [1]).elements(of: Float.self) == [value, value])
    }
  }

  @Test func `the result of a group does not depend on the batch`() throws {
    var seeded = SeededTensors(seed: 10)
    let batch = seeded.uniform([3, 5, 37], of: Float.self)
    let alone = Tensor(
      Array(batch.elements(of: Float.self)[(5 * 37)..<(2 * 5 * 37)]), shape: [1, 5, 37])
    for axes in [[2], [1], [1, 2]] {
      let all = try reduced(.mean, batch, axes: axes).elements(of: Float.self)
      let one = try reduced(.mean, alone, axes: axes).elements(of: Float.self)
      #expect(Array(all[one.count..<(2 * one.count)]) == one)
    }
  }

  @Test func `of equal elements the first or the last is found`() throws {
    let x = Tensor([1, 3, 3, 0, 0, 2] as [Int8], shape: [2, 3])
    for (largest, last, places) in [
      (true, false, [1, 2]), (true, true, [2, 2]), (false, false, [0, 0]), (false, true, [0, 1]),
    ] as [(Bool, Bool, [Int64])] {
      let y = Tensor(uninitialized: .int64, [2])
      try indexOfExtreme(x, axis: 1, largest: largest, selectLast: last, into: y)
      #expect(y.elements(of: Int64.self) == places)
    }
  }

  @Test func `sorting keeps equal elements in order and NaN on top`() throws {
    let x = Tensor([1, .nan, 2, 1] as [Float], shape: [4])
    for (largest, places) in [(true, [1, 2, 0, 3]), (false, [0, 3, 2, 1])] as [(Bool, [Int64])] {
      let (values, indices) = (
        Tensor(uninitialized: .float32, [4]), Tensor(uninitialized: .int64, [4])
      )
      try sortedExtremes(x, axis: 0, largest: largest, values: values, indices: indices)
      #expect(indices.elements(of: Int64.self) == places)
    }
  }
}
