import Faults
import Tensors
import Testing

struct ShapeTests {
  @Test(arguments: [
    [-1], [2, -3], [1 << 40, 1 << 40], [0, 1 << 40, 1 << 40], [1 << 40, 0, 1 << 40],
  ])
  func `an impossible shape is refused`(dimensions: [Int]) {
    #expect(throws: Fault.self) { try Shape(dimensions).checkedElementCount() }
  }

  @Test func `elements are counted and strides are row-major`() throws {
    #expect(try Shape([2, 3, 4]).checkedElementCount() == 24)
    #expect(try Shape([]).checkedElementCount() == 1)
    #expect(try Shape([3, 0, 2]).checkedElementCount() == 0)
    #expect(Shape([2, 3, 4]).strides == [12, 4, 1])
  }
}
