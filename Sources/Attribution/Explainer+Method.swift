import Tensors

extension Explainer {
  /// How the activations of a layer and the gradient of the score by them become a map.
  ///
  /// In the formulas A[c] is a plane of activations, g[c] the gradient by it, and S[c] the sum of
  /// A[c] over its grid. All maps are signed; ReLU comes after.
  public enum Method: String, Sendable, CaseIterable {
    /// sum over c of mean(g[c]) * A[c]. Selvaraju et al., https://arxiv.org/abs/1610.02391
    case gradCAM
    /// sum over c of g[c] * A[c]. Draelos and Carin, https://arxiv.org/abs/2011.08891
    case hiResCAM
    /// sum over c of w[c] * A[c], w[c] the sum over the grid of relu(g) * g² / (2 g² + S[c] g³).
    /// Chattopadhyay et al., https://arxiv.org/abs/1710.11063, of the score itself and not of its
    /// exponential.
    case gradCAMPlusPlus
    /// sum over c of w[c] * A[c], w[c] the sum over the grid of g * A[c] / S[c]. Fu et al.,
    /// https://arxiv.org/abs/2008.02312
    case xGradCAM
    /// sum over c of relu(g[c]) * A[c]. Jiang et al., https://doi.org/10.1109/TIP.2021.3089943
    case layerCAM
  }
}

/// The gradient of a score by the planes of a layer.
enum LayerGradient {
  /// One number a channel: the same on its whole plane, or for Grad-CAM its mean.
  case uniform([Float])
  /// [1, C, H, W].
  case planes(Tensor)
}

extension Explainer.Method {
  /// The map of a layer's activations, [1, C, H, W].
  func map(_ activations: Tensor, _ gradient: LayerGradient) -> ClassActivationMap {
    switch gradient {
    case .uniform(let gradient):
      return activations.weightedSum(uniformWeights(gradient, activations))
    case .planes(let gradient):
      switch self {
      case .hiResCAM: return activations.productSum(gradient, rectifying: false)
      case .layerCAM: return activations.productSum(gradient, rectifying: true)
      case .gradCAM, .gradCAMPlusPlus, .xGradCAM:
        return activations.weightedSum(channelWeights(gradient, activations))
      }
    }
  }

  /// The weights of the channels where the gradient is the same on a whole plane.
  func uniformWeights(_ gradient: [Float], _ activations: Tensor) -> [Float] {
    let pixels = Double(activations.shape[2] * activations.shape[3])
    switch self {
    case .gradCAM, .hiResCAM: return gradient
    case .layerCAM: return gradient.map { max($0, 0) }
    case .gradCAMPlusPlus:
      return zip(gradient, activations.channelSums()).map { gradient, sum in
        Float(pixels * Self.plusPlusTerm(Double(gradient), sum))
      }
    case .xGradCAM:
      return zip(gradient, activations.channelSums()).map { gradient, sum in
        Float(Double(gradient) * sum / (sum + Self.xGradEpsilon))
      }
    }
  }

  /// The weights of the channels of methods that weigh whole planes.
  private func channelWeights(_ gradient: Tensor, _ activations: Tensor) -> [Float] {
    let sums = activations.channelSums()
    switch self {
    case .gradCAM, .hiResCAM, .layerCAM: return gradient.channelMeans()
    case .gradCAMPlusPlus:
      return activations.reducePlanes(gradient) { channel, _, gradient in
        gradient.reduce(0) { $0 + Self.plusPlusTerm(Double($1), sums[channel]) }
      }
    case .xGradCAM:
      return activations.reducePlanes(gradient) { channel, activations, gradient in
        zip(activations, gradient).reduce(0) { $0 + Double($1.0) * Double($1.1) }
          / (sums[channel] + Self.xGradEpsilon)
      }
    }
  }

  /// The term of one place, relu(g) times the paper's alpha.
  ///
  /// The guards against division by zero here and below have the size that pytorch-grad-cam gives
  /// them, because small gradients depend on it.
  private static func plusPlusTerm(_ gradient: Double, _ sum: Double) -> Double {
    guard gradient > 0 else { return gradient.isNaN ? gradient : 0 }
    let square = gradient * gradient
    return gradient * square / (2 * square + sum * square * gradient + 1e-6)
  }

  private static var xGradEpsilon: Double { 1e-7 }
}
