/// Which classes of a prediction are reported.
public struct ClassifyOptions: Sendable, Hashable {
  /// How many classes at most, best first; more than the model has are clamped.
  public var topK = 5
  /// Classes less probable than this are left out.
  public var probThreshold = 0.0

  public static let topKRange = 1...1000
  public static let probThresholdRange = 0.0...1.0

  public init() {}
}
