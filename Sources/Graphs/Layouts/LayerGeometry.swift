/// How the cells of a feature map lie over the pixels of the input.
///
/// Pairs are [vertical, horizontal], in pixels.
public struct LayerGeometry: Hashable, Sendable {
  /// The distance between the pixels that neighbouring cells are centred on.
  public var stride: [Int]
  /// The extent of the pixels a cell depends on; `nil` when no window holds them.
  public var receptiveField: [Int]?

  public init(stride: [Int], receptiveField: [Int]?) {
    self.stride = stride
    self.receptiveField = receptiveField
  }

  /// What a cell of a window of cells of this geometry sees; `nil` on overflow.
  func window(reach: [Int], strides: [Int]) -> LayerGeometry? {
    var result = self
    for axis in 0..<2 {
      let (grown, isTooLarge) = (reach[axis] - 1).multipliedReportingOverflow(by: stride[axis])
      let (field, isTooWide) = (receptiveField?[axis] ?? 0).addingReportingOverflow(grown)
      let (step, isTooFar) = stride[axis].multipliedReportingOverflow(by: strides[axis])
      guard !isTooLarge, !isTooWide, !isTooFar else { return nil }
      result.stride[axis] = step
      result.receptiveField?[axis] = field
    }
    return result
  }

  /// What a cell sees that joins cells of both: the larger stride and the larger field.
  func joined(with other: LayerGeometry) -> LayerGeometry {
    var field: [Int]?
    if let a = receptiveField, let b = other.receptiveField {
      field = zip(a, b).map { max($0, $1) }
    }
    return LayerGeometry(
      stride: zip(stride, other.stride).map { max($0, $1) }, receptiveField: field)
  }
}
