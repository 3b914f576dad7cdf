/// A class activation map at the resolution of its layer, signed: before the ReLU that most methods
/// end with.
public struct ClassActivationMap: Sendable, Hashable {
  /// Rows of the layer's grid.
  public let height: Int
  /// Columns of the layer's grid.
  public let width: Int
  /// Signed values in units of the score per activation, row by row; `height * width` of them.
  public let values: [Float]

  /// A map over a grid; `values` holds `height * width` numbers row by row.
  public init(height: Int, width: Int, values: [Float]) {
    precondition(values.count == height * width)
    self.height = height
    self.width = width
    self.values = values
  }

  /// The smallest value; NaN when any value is.
  public var minimum: Float { extreme { $1 < $0 } }

  /// The largest value; NaN when any value is.
  public var maximum: Float { extreme { $1 > $0 } }

  /// The largest absolute value; of a map of finite values.
  public var magnitude: Float { max(maximum, -minimum) }

  /// The map after ReLU, as the method's paper defines it.
  public var rectified: [Float] { values.map { max($0, 0) } }

  /// Whether the map after ReLU says nothing, and in which way.
  public var degeneracy: Degeneracy? { degeneracy(under: .max) }

  /// Whether the map says nothing once normalised, and in which way.
  public func degeneracy(under mode: Normalization) -> Degeneracy? {
    if !values.allSatisfy(\.isFinite) { return .nonFinite }
    let shown = mode == .signed ? values : rectified
    if shown.allSatisfy({ $0 == 0 }) { return .allZero }
    if let first = shown.first, shown.count > 1, shown.allSatisfy({ $0 == first }) {
      return .constant
    }
    return nil
  }

  /// Scales the rectified map into 0…1, or the signed map into -1…1.
  ///
  /// A map that cannot be scaled (all zero, or a constant under `minmax`) becomes zeros, and one
  /// with values that are not finite too: files never hold NaN.
  public func normalized(_ mode: Normalization) -> [Float] {
    guard degeneracy != .nonFinite else { return [Float](repeating: 0, count: values.count) }
    if mode == .signed {
      let magnitude = magnitude
      return magnitude > 0 ? values.map { $0 / magnitude } : values
    }
    let rectified = rectified
    let high = rectified.max() ?? 0
    switch mode {
    case .none, .signed:
      return rectified
    case .max:
      return high > 0 ? rectified.map { $0 / high } : rectified
    case .minmax:
      let low = rectified.min() ?? 0
      guard high > low else { return [Float](repeating: 0, count: values.count) }
      return rectified.map { ($0 - low) / (high - low) }
    case .fixed(let maximum):
      return maximum > 0 ? rectified.map { min($0 / maximum, 1) } : rectified
    }
  }

  private func extreme(_ better: (Float, Float) -> Bool) -> Float {
    var best = values.first ?? 0
    for value in values {
      if value.isNaN { return value }
      if better(best, value) { best = value }
    }
    return best
  }
}

extension ClassActivationMap {
  /// How a map is brought into 0…1, or -1…1, before it is coloured.
  public enum Normalization: Sendable, Hashable {
    /// Divided by its largest value.
    case max
    /// Its smallest value to 0 and its largest to 1.
    case minmax
    /// Divided by its largest magnitude, without ReLU.
    case signed
    /// Left as it is, after ReLU.
    case none
    /// Divided by a given value, so that maps of several images compare; larger values clip at 1.
    case fixed(maximum: Float)
  }

  /// Why a map says nothing.
  public enum Degeneracy: String, Sendable, Hashable {
    case allZero = "all_zero"
    case constant
    case nonFinite = "non_finite"
  }
}
