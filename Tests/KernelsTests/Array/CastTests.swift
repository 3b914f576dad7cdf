import Faults
import InfercamTestSupport
import Kernels
import Tensors
import Testing

struct CastTests {
  @Test func `every float16 widens to the number it is`() throws {
    let all = (0...UInt16.max).map { Float16(bitPattern: $0) }
    let wide = try cast(Tensor(all, shape: [all.count]), to: .float32).elements(of: Float.self)
    let differing = zip(all, wide).filter { half, float in
      Float(half) != float && !(half.isNaN && float.isNaN)
    }
    #expect(differing.isEmpty)
    #expect(wide[0x8000].sign == .minus)
  }

  @Test func `float16 arithmetic rounds to nearest even in every range`() throws {
    var seeded = SeededTensors(seed: 11)
    var values = (0..<20_000).map { _ in
      Float(bitPattern: UInt32(truncatingIfNeeded: seeded.next()))
    }
    // Neighbours of every rounding boundary, the overflow threshold and the subnormals.
    for bits in stride(from: UInt16(0), to: 0x7C00, by: 7) {
      let boundary = (Float(Float16(bitPattern: bits)) + Float(Float16(bitPattern: bits + 1))) / 2
      values += [boundary, boundary.nextUp, -boundary.nextDown]
    }
    values += [65519.996, 65520, .infinity, -.infinity, .nan, 0x1p-25, 0x1.000002p-25, 0, -0.0]
    let x = Tensor(values, shape: [values.count])
    let rounded = try cast(x, to: .float16).elements(of: Float16.self)
    for (value, half) in zip(values, rounded) {
      #expect(half == Float16(value) || (half.isNaN && value.isNaN), "\(value)")
    }
  }

  @Test func `sums of float16 equal the exact sum rounded once`() throws {
    var seeded = SeededTensors(seed: 12)
    for scale in [1e-7, 1e-3, 1.0, 3e4] {
      let a = seeded.uniform([4000], in: -scale...scale, of: Float16.self)
      let b = seeded.uniform([4000], in: -scale...scale, of: Float16.self)
      let sums = try elementwise(.add, a, b).elements(of: Float16.self)
      let expected = zip(a.elements(of: Float16.self), b.elements(of: Float16.self)).map {
        Float16(Double($0) + Double($1))
      }
      #expect(sums == expected)
    }
  }

  @Test func `floats truncate to integers, wrap around and never trap`() throws {
    let x = Tensor([1.9, -1.9, 300, -1, 1e30, -.infinity, .nan] as [Float], shape: [7])
    #expect(try cast(x, to: .uint8).elements(of: UInt8.self)[..<4] == [1, 255, 44, 255])
    #expect(try cast(x, to: .int32).elements(of: Int32.self)[..<4] == [1, -1, 300, -1])
    #expect(
      try cast(x, to: .int64).elements(of: Int64.self)
        == [1, -1, 300, -1, -1, .min, 0])
    let large = Tensor([0x1p63, 0x1p70] as [Double], shape: [2])
    #expect(try cast(large, to: .uint64).elements(of: UInt64.self) == [1 << 63, .max])
  }

  @Test func `everything but zero is true`() throws {
    let x = Tensor([0, -0.0, 0.5, .nan] as [Float], shape: [4])
    #expect(try cast(x, to: .bool).elements(of: Bool.self) == [false, false, true, true])
    let flags = Tensor([true, false], shape: [2])
    #expect(try cast(flags, to: .float16).elements(of: Float16.self) == [1, 0])
  }

  @Test(arguments: DType.allCases, DType.allCases)
  func `small numbers survive every pair of types`(_ from: DType, _ to: DType) throws {
    let ones = try cast(Tensor([0, 1, 1, 0] as [UInt8], shape: [4]), to: from)
    let back = try cast(try cast(ones, to: to), to: .uint8)
    #expect(back.elements(of: UInt8.self) == [0, 1, 1, 0])
  }
}
