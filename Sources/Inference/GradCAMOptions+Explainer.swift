import Attribution
import Faults
import Requests

extension GradCAMOptions {
  /// The method as attribution knows it.
  /// - Throws: `Fault` with code `param.out_of_range` for one that this version does not compute.
  var explainerMethod: Explainer.Method {
    get throws(Fault) {
      switch method {
      case .gradcam: return .gradCAM
      case .hirescam: return .hiResCAM
      case .gradcamPlusPlus: return .gradCAMPlusPlus
      case .xgradcam: return .xGradCAM
      case .layercam: return .layerCAM
      case .eigencam, .scorecam:
        throw Fault(
          .paramOutOfRange, "the method \(method.rawValue) is not supported: use gradcam",
          details: ["parameter": .string("method")])
      }
    }
  }
}
