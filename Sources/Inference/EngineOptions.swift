public import Execution
public import Faults
public import Images
import JSON
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

extension InferenceRequest {
  /// What is asked of an image that has options of its own.
  /// - Throws: `Fault` with code `param.out_of_range` for options that do not go together.
  public func applying(_ options: ItemOptions) throws(Fault) -> InferenceRequest {
    var own = RequestOptions()
    own.classify = classify
    own.gradCAM = gradCAM
    own.resizeLongestSide = resizeLongestSide
    if let fault = Fault(options.apply(to: &own)) { throw fault }
    var request = self
    request.classify = own.classify
    request.gradCAM = own.gradCAM
    request.resizeLongestSide = own.resizeLongestSide
    return request
  }
}
