import InfercamTestSupport
import Kernels
import Tensors
import Testing

/// A pooling over [2, 3, input...].
private struct Case: CustomTestStringConvertible, Sendable {
  var input: [Int]
  var kernel: [Int]
  var strides: [Int]? = nil
  var pads: [Int]? = nil
  var dilations: [Int]? = nil
  var ceilMode = false

  var testDescription: String {
    "\(input) k\(kernel) s\(strides ?? []) p\(pads ?? []) d\(dilations ?? []) ceil \(ceilMode)"
  }

  var shape: Shape { Shape([2, 3] + input) }

  func geometry() throws -> WindowGeometry {
    try WindowGeometry(
      input: input, kernel: kernel,
      attributes: .init(
        strides: strides, pads: pads, dilations: dilations, autoPad: .notSet, ceilMode: ceilMode))
  }

  /// For each output, what each kernel element sees.
  func views(_ output: [Int]) -> [[Int?]] {
    NaiveWindow(
      input: input, kernel: kernel, strides: strides ?? [1, 1, 1],
      pads: pads.map { Array($0.prefix(input.count)) } ?? [0, 0, 0],
      dilations: dilations ?? [1, 1, 1], output: output
    ).views()
  }

  /// Applies `reduce` to what each window of each plane sees.
  func pooled<T>(_ x: [Double], _ output: [Int], _ reduce: ([(Int, Double)]) -> T) -> [T] {
    let plane = input.reduce(1, *)
    let views = views(output)
    return (0..<6).flatMap { index in
      views.map { view in
        reduce(view.compactMap { place in place.map { ($0, x[index * plane + $0]) } })
      }
    }
  }
}

private let cases = [
  Case(input: [6, 7], kernel: [2, 2], strides: [2, 2]),
  Case(input: [7, 8], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]),
  Case(input: [7, 8], kernel: [3, 2], strides: [2, 3], pads: [0, 1, 1, 0], ceilMode: true),
  Case(input: [9, 9], kernel: [2, 3], dilations: [3, 2]),
  Case(input: [11], kernel: [4], strides: [3], pads: [2, 1], ceilMode: true),
  Case(input: [4, 5], kernel: [9, 8], strides: [9, 8], ceilMode: true),
  Case(input: [4, 5, 6], kernel: [2, 3, 2], strides: [2, 1, 2], pads: [1, 1, 0, 0, 1, 1]),
]

struct PoolTests {
  @Test(arguments: cases)
  private func `a maximum pooling equals its definition`(_ test: Case) throws {
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 1)
    let x = seeded.distinct(test.shape)
    let shape = Shape([2, 3] + geometry.output)
    let y = Tensor(uninitialized: .float64, shape)
    maxPool(x, geometry: geometry, into: y)
    let expected = test.pooled(x.elements(of: Double.self), geometry.output) { seen in
      seen.map(\.1).max() ?? -.infinity
    }
    #expect(y.elements(of: Double.self) == expected)
  }

  @Test(arguments: cases)
  private func `the indices of a maximum pooling point at the maxima`(_ test: Case) throws {
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 2)
    let x = seeded.distinct(test.shape)
    let elements = x.elements(of: Double.self)
    let shape = Shape([2, 3] + geometry.output)
    let y = Tensor(uninitialized: .float64, shape)
    let indices = Tensor(uninitialized: .int64, shape)
    maxPool(x, geometry: geometry, into: y, indices: indices)
    #expect(
      indices.elements(of: Int64.self).map { elements[Int($0)] } == y.elements(of: Double.self))
    maxPool(x, geometry: geometry, storageOrder: .columnMajor, into: y, indices: indices)
    let plane = test.input.reduce(1, *)
    let columnMajor = indices.elements(of: Int64.self).map { index in
      let place = NaiveWindow.places(test.input.reversed())[Int(index) % plane]
      let rowMajor = NaiveWindow.index(place.reversed(), test.input)
      return elements[Int(index) / plane * plane + rowMajor]
    }
    #expect(columnMajor == y.elements(of: Double.self))
  }

  @Test func `the maximum of bytes and of a NaN`() throws {
    let geometry = try Case(input: [4], kernel: [2], strides: [2]).geometry()
    let signed = Tensor(uninitialized: .int8, [1, 1, 2])
    maxPool(
      Tensor([-3, -2, 5, -128] as [Int8], shape: [1, 1, 4]), geometry: geometry, into: signed)
    #expect(signed.elements(of: Int8.self) == [-2, 5])
    let unsigned = Tensor(uninitialized: .uint8, [1, 1, 2])
    maxPool(
      Tensor([0, 0, 200, 7] as [UInt8], shape: [1, 1, 4]), geometry: geometry, into: unsigned)
    #expect(unsigned.elements(of: UInt8.self) == [0, 200])
    let float = Tensor(uninitialized: .float32, [1, 1, 2])
    maxPool(
      Tensor([.nan, 1, 2, .nan] as [Float], shape: [1, 1, 4]), geometry: geometry, into: float)
    let maxima = float.elements(of: Float.self)
    #expect(maxima[0].isNaN && maxima[1].isNaN)
  }

  @Test(arguments: cases)
  private func `a mean of what lies inside equals its definition`(_ test: Case) throws {
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 3)
    let x = seeded.uniform(test.shape)
    let y = Tensor(uninitialized: .float64, Shape([2, 3] + geometry.output))
    averagePool(x, geometry: geometry, countIncludePad: false, into: y)
    let expected = test.pooled(x.elements(of: Double.self), geometry.output) { seen in
      seen.reduce(0) { $0 + $1.1 } / Double(seen.count)
    }
    #expect(worstDifference(y, expected) < 1e-14)
  }

  @Test func `pads count as zeros, what a rounded-up window sees beyond them does not`() throws {
    // Windows of 3 at -1, 1, 3 and 5 over 6 elements with one pad on either side.
    let geometry = try Case(
      input: [6], kernel: [3], strides: [2], pads: [1, 1], ceilMode: true
    ).geometry()
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [1, 1, 6])
    let y = Tensor(uninitialized: .float64, [1, 1, 4])
    averagePool(x, geometry: geometry, countIncludePad: true, into: y)
    #expect(worstDifference(y, [1, 3, 5, 3]) < 1e-14)
    averagePool(x, geometry: geometry, countIncludePad: false, into: y)
    #expect(worstDifference(y, [1.5, 3, 5, 6]) < 1e-14)
  }

  @Test(arguments: [1, 2, 3])
  func `a norm pooling equals its definition`(_ p: Int) throws {
    let test = cases[1]
    let geometry = try test.geometry()
    var seeded = SeededTensors(seed: 4)
    let x = seeded.uniform(test.shape)
    let y = Tensor(uninitialized: .float64, Shape([2, 3] + geometry.output))
    lpPool(x, geometry: geometry, p: p, into: y)
    let expected = test.pooled(x.elements(of: Double.self), geometry.output) { seen in
      var sum = 0.0
      for (_, value) in seen { sum += (0..<p).reduce(1) { power, _ in power * abs(value) } }
      return sum
    }
    let powers = y.elements(of: Double.self).map { y in (0..<p).reduce(1) { power, _ in power * y }
    }
    #expect(worstDifference(Tensor(powers, shape: y.shape), expected) < 1e-12)
  }

  @Test func `global poolings reduce each plane`() {
    let x = Tensor([1, 2, 3, 6, -4, -3, 0, -5] as [Float], shape: [1, 2, 2, 2])
    let y = Tensor(uninitialized: .float32, [1, 2, 1, 1])
    globalPool(x, .average, into: y)
    #expect(y.elements(of: Float.self) == [3, -3])
    globalPool(x, .maximum, into: y)
    #expect(y.elements(of: Float.self) == [6, 0])
    globalPool(x, .lp(1), into: y)
    #expect(y.elements(of: Float.self) == [12, 12])
  }
}
