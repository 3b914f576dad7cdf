import Attribution
import Faults
import Graphs
import Kernels
import Requests

/// What makes the maps of a classifier.
enum Attributor: Sendable {
  case gradient(Explainer)
  case eigenCAM(EigenCAM)
  case scoreCAM(ScoreCAM)

  /// - Parameters:
  ///   - kernels: what multiplies with the matrices of a head; `nil` for the reference functions.
  ///   - others: those of other layers of the same graph.
  /// - Throws: `Fault` with code `explain.not_supported`.
  init(
    _ method: GradCAMOptions.Method, _ graph: Graph, layer: ValueID, logits: ValueID,
    kernels: BlockedKernels?, sharing others: [Attributor]
  ) throws(Fault) {
    let explainers = others.compactMap { if case .gradient(let other) = $0 { other } else { nil } }
    func gradient(_ method: Explainer.Method) throws(Fault) -> Self {
      .gradient(
        try Explainer(
          graph, layer: layer, logits: logits, method: method, kernels: kernels,
          sharing: explainers))
    }
    switch method {
    case .gradcam: self = try gradient(.gradCAM)
    case .hirescam: self = try gradient(.hiResCAM)
    case .gradcamPlusPlus: self = try gradient(.gradCAMPlusPlus)
    case .xgradcam: self = try gradient(.xGradCAM)
    case .layercam: self = try gradient(.layerCAM)
    case .eigencam: self = .eigenCAM(try EigenCAM(graph, layer: layer, logits: logits))
    case .scorecam: self = .scoreCAM(try ScoreCAM(graph, layer: layer, logits: logits))
    }
  }

  /// The values of the forward pass that the maps need.
  var requiredValues: [ValueID] {
    switch self {
    case .gradient(let explainer): explainer.requiredValues
    case .eigenCAM(let eigenCAM): [eigenCAM.layer]
    case .scoreCAM(let scoreCAM): [scoreCAM.layer]
    }
  }

  /// What explains all classes at once.
  /// - Throws: `Fault` with code `explain.not_supported` when this method of maps cannot.
  func allClasses() throws(Fault) -> AllClassExplainer {
    switch self {
    case .gradient(let explainer): return try AllClassExplainer(explainer)
    case .eigenCAM:
      throw Fault(
        .explainNotSupported,
        "the map of eigencam is the same for every class: take target top1, or another method")
    case .scoreCAM:
      throw Fault(
        .explainNotSupported,
        "scorecam takes many passes of the network: name the targets, or take another method")
    }
  }

  /// How the feature map lies in the explained layer.
  var layout: LayerLayout {
    switch self {
    case .gradient(let explainer): explainer.layout
    case .eigenCAM(let eigenCAM): eigenCAM.layout
    case .scoreCAM(let scoreCAM): scoreCAM.layout
    }
  }
}
