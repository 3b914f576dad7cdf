public import Faults

/// The extents of a tensor, outermost axis first; empty for a scalar.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public let dimensions: [Int]

  public init(_ dimensions: [Int]) {
    self.dimensions = dimensions
  }

  public init(arrayLiteral elements: Int...) {
    self.dimensions = elements
  }

  public var rank: Int { dimensions.count }

  /// The number of elements; traps on overflow, which `checkedElementCount` reports instead.
  public var elementCount: Int { dimensions.reduce(1, *) }

  public subscript(axis: Int) -> Int { dimensions[axis] }

  /// Row-major strides, in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * dimensions[axis + 1]
    }
    return strides
  }

  /// The number of elements, refused when an extent is negative or the product overflows.
  /// - Throws: `Fault` with code `model.invalid`.
  public func checkedElementCount() throws(Fault) -> Int {
    // A zero hides an overflow of the others, which `strides` would still meet.
    var count = 1
    for extent in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(extent, 1))
      guard extent >= 0, !overflow else {
        throw Fault(.modelInvalid, "the shape \(self) is impossible: check the model's dimensions")
      }
      count = product
    }
    return elementCount
  }

  /// Returns `axis` counted from the front, for an axis that may be negative.
  /// - Throws: `Fault` with code `model.invalid` when the axis lies outside the rank.
  public func normalized(axis: Int) throws(Fault) -> Int {
    let positive = axis < 0 ? axis + rank : axis
    guard positive >= 0, positive < rank else {
      throw Fault(.modelInvalid, "axis \(axis) is outside a tensor of rank \(rank)")
    }
    return positive
  }

  public var description: String {
    "[" + dimensions.map(String.init).joined(separator: ", ") + "]"
  }
}
