import InfercamTestSupport
import Kernels
import Tensors
import Testing

struct MovementTests {
  /// Shapes with permutations that take the row path, the blocked path and joined axes.
  static let permutations: [(Shape, [Int])] = [
    ([2, 3, 4, 5], [0, 2, 3, 1]), ([2, 3, 4, 5], [0, 3, 1, 2]), ([2, 3, 4, 5], [3, 2, 1, 0]),
    ([2, 3, 4, 5], [1, 0, 2, 3]), ([40, 33], [1, 0]), ([2, 1, 3], [2, 1, 0]), ([1, 1], [1, 0]),
    ([7], [0]), ([], []), ([2, 0, 3], [2, 1, 0]), ([3, 20, 2, 18], [2, 3, 0, 1]),
  ]

  @Test(arguments: permutations)
  func `a permutation moves each element to its place`(_ shape: Shape, _ perm: [Int]) throws {
    let x = Tensor((0..<shape.elementCount).map(Float.init), shape: shape)
    let y = try transposed(x, perm: perm)
    let actual = y.elements(of: Float.self)
    for place in 0..<y.elementCount {
      let source = perm.indices.reduce(0) { sum, axis in
        sum + place / y.shape.strides[axis] % y.shape[axis] * shape.strides[perm[axis]]
      }
      #expect(actual[place] == Float(source))
    }
  }

  @Test(arguments: [DType.bool, .float16, .float32, .float64])
  func `elements of every size move alike`(_ dtype: DType) throws {
    let x = try cast(Tensor([0, 1, 1, 0, 0, 1] as [Float], shape: [2, 3]), to: dtype)
    let y = try cast(try transposed(x, perm: [1, 0]), to: .float32)
    #expect(y.elements(of: Float.self) == [0, 0, 1, 0, 1, 1])
  }

  @Test func `a slice and its insertion mirror each other`() throws {
    let x = Tensor((0..<20).map(Int32.init), shape: [4, 5])
    let part = Tensor(uninitialized: .int32, [2, 2])
    try slice(x, starts: [3, 1], steps: [-2, 3], into: part)
    #expect(part.elements(of: Int32.self) == [16, 19, 6, 9])
    let back = Tensor(zeros: .int32, [4, 5])
    try insertSlice(part, starts: [3, 1], steps: [-2, 3], into: back)
    let expected = (0..<20).map { [6, 9, 16, 19].contains($0) ? Int32($0) : 0 }
    #expect(back.elements(of: Int32.self) == expected)
  }

  @Test func `tiles lie side by side`() throws {
    let x = Tensor([1, 2, 3, 4] as [UInt8], shape: [2, 2])
    let y = Tensor(uninitialized: .uint8, [2, 6])
    try tile(x, repeats: [1, 3], into: y)
    #expect(y.elements(of: UInt8.self) == [1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4])
  }

  @Test func `taken slices come back where they were taken`() throws {
    let x = Tensor((0..<12).map(Double.init), shape: [2, 3, 2])
    let y = try taken(x, axis: 1, indices: [2, 0, 2])
    #expect(y.elements(of: Double.self) == [4, 5, 0, 1, 4, 5, 10, 11, 6, 7, 10, 11])
    let back = try takeBackward(y, axis: 1, indices: [2, 0, -1], count: 3)
    #expect(back.elements(of: Double.self) == [0, 1, 0, 0, 4, 5, 6, 7, 0, 0, 10, 11])
  }

  @Test func `scattered elements meet those that are there`() throws {
    let x = Tensor([1, 2, 3] as [Int64], shape: [3])
    let places = Tensor([0, -1, 0] as [Int64], shape: [3])
    let updates = Tensor([5, 6, 7] as [Int64], shape: [3])
    let expected: [(ScatterReduction, [Int64])] = [
      (.replace, [7, 2, 6]), (.add, [13, 2, 9]), (.multiply, [35, 2, 18]), (.minimum, [1, 2, 3]),
      (.maximum, [7, 2, 6]),
    ]
    for (reduction, values) in expected {
      let y = Tensor(uninitialized: .int64, [3])
      try scatterElements(
        x, indices: places, updates: updates, axis: 0, reduction: reduction, into: y)
      #expect(y.elements(of: Int64.self) == values)
    }
  }
}
