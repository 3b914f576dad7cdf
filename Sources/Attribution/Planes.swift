import Tensors

extension Tensor {
  /// The mean of each plane of [1, C, H, W], accumulated in Double.
  func channelMeans() -> [Float] {
    let pixels = shape[2] * shape[3]
    return aligned().withElements(of: Float.self) { elements in
      (0..<shape[1]).map { channel in
        var sum = 0.0
        for pixel in 0..<pixels { sum += Double(elements[channel * pixels + pixel]) }
        return Float(sum / Double(pixels))
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
}
