import Faults
import InfercamTestSupport
import Kernels
import Tensors
import Testing

struct BroadcastTests {
  /// Pairs of shapes that take every path of the walk.
  static let shapes: [(Shape, Shape)] = [
    ([2, 3, 4, 5], [2, 3, 4, 5]), ([2, 3, 4, 5], []), ([], [7]), ([2, 3, 4, 5], [1, 3, 1, 1]),
    ([2, 3, 4, 5], [2, 3, 1, 1]), ([2, 3, 4, 5], [5]), ([5], [2, 3, 4, 5]), ([3, 1], [1, 4]),
    ([2, 1, 4, 1], [3, 1, 5]), ([1, 1], [1]), ([0, 3], [1, 3]), ([2, 3, 1, 5], [2, 1, 4, 5]),
  ]

  @Test(arguments: shapes)
  func `subtraction reads the elements NumPy's rule names`(_ a: Shape, _ b: Shape) throws {
    var seeded = SeededTensors(seed: 7)
    let (x, y) = (seeded.uniform(a), seeded.uniform(b))
    let result = try elementwise(.subtract, x, y)
    let (left, right) = (x.elements(of: Double.self), y.elements(of: Double.self))
    let actual = result.elements(of: Double.self)
    for place in 0..<result.elementCount {
      let difference =
        left[offset(of: place, in: result.shape, to: a)]
        - right[offset(of: place, in: result.shape, to: b)]
      #expect(actual[place] == difference)
    }
  }

  /// The offset in an operand of shape `shape` that is read for element `place` of the result.
  private func offset(of place: Int, in result: Shape, to shape: Shape) -> Int {
    let missing = result.rank - shape.rank
    return (0..<shape.rank).reduce(0) { sum, axis in
      let index = place / result.strides[axis + missing] % result[axis + missing]
      return sum + (shape[axis] == 1 ? 0 : index * shape.strides[axis])
    }
  }

  @Test func `extents that differ are refused`() {
    #expect(throws: Fault.self) { try broadcastShape([[2, 3], [2, 4]]) }
  }

  @Test func `integers wrap around and never trap`() throws {
    let least = Tensor([Int8.min, 100], shape: [2])
    let other = Tensor([-1, 100] as [Int8], shape: [2])
    #expect(try elementwise(.add, least, other).elements(of: Int8.self) == [127, -56])
    #expect(try elementwise(.divide, least, other).elements(of: Int8.self) == [-128, 1])
    #expect(try elementwise(.multiply, least, other).elements(of: Int8.self) == [-128, 16])
    #expect(try elementwise(.negate, least).elements(of: Int8.self) == [-128, -100])
    #expect(try elementwise(.absolute, least).elements(of: Int8.self) == [-128, 100])
  }

  @Test(arguments: [BinaryFunction.divide, .modulo, .remainder])
  func `an integer divided by zero is a fault`(_ function: BinaryFunction) {
    let (x, zero) = (Tensor(scalar: Int32(3)), Tensor(scalar: Int32(0)))
    #expect(throws: Fault.self) { try elementwise(function, x, zero) }
  }

  @Test func `remainders take the sign they promise`() throws {
    let x = Tensor([-4, 7, 5, 4, -7, 8] as [Int64], shape: [6])
    let y = Tensor([2, -3, 8, -2, 3, 5] as [Int64], shape: [6])
    #expect(try elementwise(.modulo, x, y).elements(of: Int64.self) == [0, -2, 5, 0, 2, 3])
    #expect(try elementwise(.remainder, x, y).elements(of: Int64.self) == [0, 1, 5, 0, -1, 3])
    let (a, b) = (try cast(x, to: .float32), try cast(y, to: .float32))
    #expect(try elementwise(.modulo, a, b).elements(of: Float.self) == [0, -2, 5, 0, 2, 3])
    #expect(try elementwise(.remainder, a, b).elements(of: Float.self) == [0, 1, 5, 0, -1, 3])
  }

  @Test func `integer powers wrap and negative exponents truncate`() throws {
    let base = Tensor([3, -2, -1, 1, 2] as [Int32], shape: [5])
    let exponent = Tensor([4, 3, -3, -2, -1] as [Int32], shape: [5])
    #expect(try elementwise(.power, base, exponent).elements(of: Int32.self) == [81, -8, -1, 1, 0])
  }

  @Test func `minimum and maximum keep NaN from either side`() throws {
    let x = Tensor([Float.nan, 1, 2], shape: [3])
    let y = Tensor([1, Float.nan, 3], shape: [3])
    for function in [BinaryFunction.minimum, .maximum] {
      let result = try elementwise(function, x, y).elements(of: Float.self)
      #expect(result[0].isNaN && result[1].isNaN && result[2] == (function == .minimum ? 2 : 3))
    }
  }

  @Test func `float16 is rounded once`() throws {
    let x = Tensor([2048 as Float16], shape: [1])
    let y = Tensor([1.5 as Float16], shape: [1])
    #expect(try elementwise(.add, x, y).elements(of: Float16.self) == [2050])
  }

  @Test func `shifts beyond the width lose every bit`() throws {
    let x = Tensor([255, 1] as [UInt8], shape: [2])
    let result = Tensor(uninitialized: .uint8, [2])
    try bitwise(.shiftLeft, x, Tensor([200, 7] as [UInt8], shape: [2]), into: result)
    #expect(result.elements(of: UInt8.self) == [0, 128])
  }
}
