/// How two arrays of the same length differ.
public struct ArrayDifference: Sendable, Hashable {
  /// Values that are not the same.
  public private(set) var count = 0
  public private(set) var total = 0
  /// The largest difference; infinite where only one of two values is finite.
  public private(set) var maximum = 0.0
  /// The place of the largest difference.
  public private(set) var place = 0
  /// The root of the mean squared difference.
  public private(set) var rootMeanSquare = 0.0
  /// The largest magnitude in the first array.
  public private(set) var scale = 0.0

  /// The largest difference as a share of the largest magnitude in the first array.
  public var relative: Double {
    maximum == 0 ? 0 : scale > 0 ? maximum / scale : .infinity
  }

  /// Compares bytes.
  public init(_ first: [UInt8], _ second: [UInt8]) {
    self.init(count: first.count, { Double(first[$0]) }, { Double(second[$0]) })
    precondition(first.count == second.count)
  }

  /// Compares numbers; not-a-number equals itself.
  public init(_ first: [Float], _ second: [Float]) {
    precondition(first.count == second.count)
    self.init(count: first.count, { Double(first[$0]) }, { Double(second[$0]) })
  }

  private init(count total: Int, _ first: (Int) -> Double, _ second: (Int) -> Double) {
    self.total = total
    var squares = 0.0
    for index in 0..<total {
      let (a, b) = (first(index), second(index))
      scale = max(scale, a.magnitude)
      if a == b || a.isNaN && b.isNaN { continue }
      count += 1
      let difference = (a - b).magnitude
      let size = difference.isNaN ? .infinity : difference
      squares += size * size
      if size > maximum { (maximum, place) = (size, index) }
    }
    rootMeanSquare = total > 0 ? (squares / Double(total)).squareRoot() : 0
  }
}
