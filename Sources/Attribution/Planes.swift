import Faults
import Graphs
import Tensors

extension Graph {
  /// How the feature map lies in a layer that is to be explained.
  /// - Parameter needsGradient: whether the scores must depend on its cells, not only on tokens
  ///   beside them.
  /// - Throws: `Fault` with code `explain.not_supported` that says why it is none.
  func featureLayout(
    of layer: ValueID, logits: ValueID, needsGradient: Bool
  ) throws(Fault) -> LayerLayout {
    let maps = FeatureMaps(self, logits: logits)
    if needsGradient { try maps.checkReachesScores(layer) }
    return try maps.layout(of: layer)
  }

  /// Refuses a layer of integers.
  /// - Throws: `Fault` with code `explain.not_supported`.
  func checkFloat(_ layer: ValueID) throws(Fault) {
    let type = self[layer].type
    if type?.dtype == .float32 { return }
    let found = type.map { "\($0.dtype)" } ?? "of unknown type"
    throw Fault(
      .explainNotSupported,
      "layer \(self[layer].name) is \(found), not float32: choose another layer",
      details: ["layer": .string(self[layer].name)])
  }
}

extension Tensor {
  /// The mean of each plane of [1, C, H, W], accumulated in Double.
  func channelMeans() -> [Float] {
    let pixels = Double(shape[2] * shape[3])
    return channelSums().map { Float($0 / pixels) }
  }

  /// The sum of each plane of [1, C, H, W].
  func channelSums() -> [Double] {
    let pixels = shape[2] * shape[3]
    return aligned().withElements(of: Float.self) { elements in
      (0..<shape[1]).map { channel in
        var sum = 0.0
        for pixel in 0..<pixels { sum += Double(elements[channel * pixels + pixel]) }
        return sum
      }
    }
  }

  /// A number for each plane of [1, C, H, W] and the plane of another tensor at its place.
  func reducePlanes(
    _ other: Tensor,
    _ body: (_ channel: Int, _ plane: FloatPlane, _ other: FloatPlane) -> Double
  ) -> [Float] {
    precondition(shape.rank == 4 && other.shape == shape)
    let pixels = shape[2] * shape[3]
    return aligned().withElements(of: Float.self) { elements in
      other.aligned().withElements(of: Float.self) { others in
        (0..<shape[1]).map { channel in
          let range = (channel * pixels)..<((channel + 1) * pixels)
          return Float(body(channel, elements[range], others[range]))
        }
      }
    }
  }

  /// The sum of the planes of [1, C, H, W], each times its weight, in the order of the channels.
  func weightedSum(_ weights: [Float]) -> ClassActivationMap {
    precondition(shape.rank == 4 && weights.count == shape[1])
    let pixels = shape[2] * shape[3]
    var map = [Float](repeating: 0, count: pixels)
    aligned().withElements(of: Float.self) { elements in
      for (channel, weight) in weights.enumerated() {
        let plane = elements[(channel * pixels)..<((channel + 1) * pixels)]
        for (pixel, activation) in zip(map.indices, plane) { map[pixel] += weight * activation }
      }
    }
    return ClassActivationMap(height: shape[2], width: shape[3], values: map)
  }

  /// The sum over the channels of [1, C, H, W] of activation times gradient at each place, in the
  /// order of the channels.
  ///
  /// Terms that cancel up to rounding give zero: in front of a normalisation over the channels
  /// the sum vanishes by definition, and what float arithmetic leaves of it is no evidence.
  /// - Parameter rectifying: whether negative gradients count as zero.
  func productSum(_ gradient: Tensor, rectifying: Bool) -> ClassActivationMap {
    precondition(shape.rank == 4 && gradient.shape == shape)
    let pixels = shape[2] * shape[3]
    var map = [Float](repeating: 0, count: pixels)
    var magnitudes = [Float](repeating: 0, count: pixels)
    aligned().withElements(of: Float.self) { elements in
      gradient.aligned().withElements(of: Float.self) { gradients in
        for channel in 0..<shape[1] {
          for pixel in 0..<pixels {
            let weight = gradients[channel * pixels + pixel]
            guard !rectifying || !(weight < 0) else { continue }
            let term = weight * elements[channel * pixels + pixel]
            map[pixel] += term
            magnitudes[pixel] += abs(term)
          }
        }
      }
    }
    let rounding = 1e-5 * (magnitudes.max() ?? 0)
    if map.allSatisfy({ abs($0) <= rounding }) { map = map.map { _ in 0 } }
    return ClassActivationMap(height: shape[2], width: shape[3], values: map)
  }
}

typealias FloatPlane = UnsafeBufferPointer<Float>.SubSequence
