public import Faults
public import Graphs
import Kernels
public import Tensors

/// The class activation maps of several classes over the same grid, signed.
public struct ClassActivationMaps: Sendable, Hashable {
  /// One map a class, in the order of the classes.
  public let count: Int
  public let height: Int
  public let width: Int
  /// [count, height, width].
  public let values: [Float]

  /// The map of one class.
  public subscript(index: Int) -> ClassActivationMap {
    let cells = height * width
    return ClassActivationMap(
      height: height, width: width, values: Array(values[(index * cells)..<((index + 1) * cells)]))
  }
}

/// Computes the maps of all classes at once, where each channel has one gradient: one product of the
/// gradients of the classes, [K, C], and the activations, [C, H · W].
///
/// The gradients are the head's weights, or those of each image where the head has several matrices.
public struct AllClassExplainer: Sendable {
  /// The values that `maps` needs of the forward pass.
  public var requiredValues: [ValueID] { explainer.requiredValues }
  private let explainer: Explainer
  private let channels: Int
  private let gradients: Gradients

  /// The gradient of each logit by each channel's plane, [K, C].
  private enum Gradients {
    case constant([Float])
    case ofImage(DenseHead)
  }

  /// - Throws: `Fault` with code `explain.not_supported` when each class would take a backward pass.
  public init(_ explainer: Explainer) throws(Fault) {
    self.explainer = explainer
    self.channels = explainer.layout.channels
    switch explainer.rule {
    case .closedForm(let head):
      gradients = .constant(
        (0..<explainer.classCount).flatMap { index in
          head.channelGradient(explainer.unitGradient(index))
        })
    case .dense(let head) where head.sumsCells:
      gradients = .ofImage(head)
    default:
      throw Fault(
        .explainNotSupported,
        "not all classes can be explained at once: between the layer and the scores lies more than "
          + "an average and a matrix (for gradcam and the project's own kernels, poolings and "
          + "matrices); name the targets, or the layer before the final pooling")
    }
  }

  /// The maps of one image, one for each class.
  /// - Parameters:
  ///   - scoreGradients: the gradient of what is explained of each class by each logit, [K, K];
  ///     `nil` for the logits themselves.
  ///   - forward: at least `requiredValues`, of one image.
  public func maps(
    scoreGradients: Tensor? = nil, forward: [ValueID: Tensor]
  ) throws(Fault) -> ClassActivationMaps {
    let activations = try explainer.activations(forward).aligned()
    let count = explainer.classCount
    let (height, width) = (activations.shape[2], activations.shape[3])
    let gradients = try gradients(of: forward)
    var weights = gradients
    if let scoreGradients {
      weights = scoreGradients.aligned().withElements(of: Float.self) { rows in
        Self.product(rows, gradients, m: count, n: channels, k: count)
      }
    }
    if !explainer.method.weighsByGradient {
      weights = (0..<count).flatMap { index in
        explainer.method.uniformWeights(
          Array(weights[(index * channels)..<((index + 1) * channels)]), activations)
      }
    }
    let values = activations.withElements(of: Float.self) { planes in
      weights.withUnsafeBufferPointer {
        Self.product($0, planes, m: count, n: height * width, k: channels)
      }
    }
    return ClassActivationMaps(count: count, height: height, width: width, values: values)
  }

  private func gradients(of forward: [ValueID: Tensor]) throws(Fault) -> [Float] {
    switch gradients {
    case .constant(let gradients): return gradients
    case .ofImage(let head):
      var gradients: [Float] = []
      gradients.reserveCapacity(explainer.classCount * channels)
      for start in stride(from: 0, to: explainer.classCount, by: Self.classesAtOnce) {
        let classes = start..<min(start + Self.classesAtOnce, explainer.classCount)
        let queries = classes.map { index in
          Explainer.Query(scoreGradient: explainer.unitGradient(index), forward: forward)
        }
        for row in try head.means(queries) { gradients += row }
      }
      return gradients
    }
  }

  /// Classes whose gradients go through the matrices together.
  private static let classesAtOnce = 256

  /// A · B of [m, k] and [k, n].
  private static func product(
    _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, m: Int, n: Int, k: Int
  ) -> [Float] {
    [Float](unsafeUninitializedCapacity: m * n) { c, initialized in
      guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
      BLAS.gemm(m: m, n: n, k: k, a: a, lda: k, b: b, ldb: n, c: c, ldc: n)
      initialized = m * n
    }
  }

  private static func product(
    _ a: UnsafeBufferPointer<Float>, _ b: [Float], m: Int, n: Int, k: Int
  ) -> [Float] {
    b.withUnsafeBufferPointer { product(a, $0, m: m, n: n, k: k) }
  }
}

extension Explainer.Method {
  /// Whether the weight of a channel is its gradient, where that is the same on the whole plane.
  fileprivate var weighsByGradient: Bool { self == .gradCAM || self == .hiResCAM }
}
