public import Execution
public import Images
public import Requests

/// How a network is computed; never what it computes.
public struct EngineOptions: Sendable, Hashable {
  /// The kernels that run it.
  public var kernels = KernelChoice.auto
  /// How they sum; means nothing to the reference functions over BLAS, which are always exact.
  public var numerics = Numerics.fast
  /// The instruction set whose kernels run; `nil` for the best of the processor.
  public var instructionSet: String?
  /// What they multiply.
  public var precision = Precision.float32

  public init() {}
}

/// What is asked of every image of a batch.
public struct InferenceRequest: Sendable {
  public var classify = ClassifyOptions()
  public var gradCAM = GradCAMOptions()
  /// Scales the upright image down before anything else; `nil` leaves it.
  public var resizeLongestSide: Int?
  public var decoding = DecodeOptions()

  public init() {}
}
