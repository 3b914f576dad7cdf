public import Faults
public import Graphs
public import Tensors

/// Shows where the activations of a layer vary most, whatever the class, without a gradient.
///
/// Source: Muhammad and Yeasin, Eigen-CAM, https://arxiv.org/abs/2008.00299, on activations with
/// their means taken off.
public struct EigenCAM: Sendable {
  /// The layer that is explained.
  public let layer: ValueID
  /// How the feature map lies in it.
  public let layout: LayerLayout

  /// - Throws: `Fault` with code `explain.not_supported` when the layer is no feature map, or the
  ///   scores do not depend on it.
  public init(_ graph: Graph, layer: ValueID, logits: ValueID) throws(Fault) {
    try graph.checkFloat(layer)
    layout = try graph.featureLayout(of: layer, logits: logits, needsGradient: false)
    _ = try ReverseWalk(graph, from: logits, to: [layer])
    self.layer = layer
  }

  /// The map of the layer's activations.
  public func map(_ activations: Tensor) -> ClassActivationMap {
    layout.planes(of: activations).principalProjection()
  }
}

extension Tensor {
  /// The places of [1, C, H, W], each a vector of C activations with the mean over all places taken
  /// off, projected onto their first principal component.
  ///
  /// The direction of the component is the one in which the projection rises with the mean
  /// activation of a place; where neither does, the one in which its first number that is not
  /// zero is positive.
  func principalProjection() -> ClassActivationMap {
    let (channels, pixels) = (shape[1], shape[2] * shape[3])
    let means = channelSums().map { $0 / Double(pixels) }
    var centred = [Double](repeating: 0, count: channels * pixels)
    aligned().withElements(of: Float.self) { elements in
      for channel in 0..<channels {
        for place in (channel * pixels)..<((channel + 1) * pixels) {
          centred[place] = Double(elements[place]) - means[channel]
        }
      }
    }
    var projection = Self.projection(centred, rows: channels, columns: pixels)
    var brightness = [Double](repeating: 0, count: pixels)
    for channel in 0..<channels {
      for pixel in 0..<pixels { brightness[pixel] += centred[channel * pixels + pixel] }
    }
    if Self.isReversed(projection, against: brightness) {
      for pixel in 0..<pixels { projection[pixel].negate() }
    }
    return ClassActivationMap(
      height: shape[2], width: shape[3], values: projection.map { Float($0) })
  }

  private static func isReversed(_ projection: [Double], against brightness: [Double]) -> Bool {
    let product = zip(projection, brightness).reduce(0) { $0 + $1.0 * $1.1 }
    if product != 0 { return product < 0 }
    return (projection.first { $0 != 0 } ?? 0) < 0
  }

  /// The columns of a matrix projected onto its first left singular vector, up to the sign.
  ///
  /// That is the first eigenvector of the Gram matrix of the rows, or the root of the first
  /// eigenvalue times that of the columns: whichever matrix is smaller is solved.
  private static func projection(
    _ matrix: [Double], rows: Int, columns: Int
  ) -> [Double] {
    guard rows <= columns else {
      let (direction, value) = dominantEigenvector(
        columnProducts(matrix, rows, columns), count: columns)
      let scale = value.squareRoot()
      return direction.map { $0 * scale }
    }
    let direction = dominantEigenvector(rowProducts(matrix, rows, columns), count: rows).vector
    var projection = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        projection[column] += direction[row] * matrix[row * columns + column]
      }
    }
    return projection
  }

  /// The products of each two rows, [rows, rows].
  private static func rowProducts(_ matrix: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    var products = [Double](repeating: 0, count: rows * rows)
    for i in 0..<rows {
      for j in 0...i {
        var sum = 0.0
        for column in 0..<columns {
          sum += matrix[i * columns + column] * matrix[j * columns + column]
        }
        products[i * rows + j] = sum
        products[j * rows + i] = sum
      }
    }
    return products
  }

  /// The products of each two columns, [columns, columns].
  private static func columnProducts(_ matrix: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    var products = [Double](repeating: 0, count: columns * columns)
    for row in 0..<rows {
      for i in 0..<columns {
        let factor = matrix[row * columns + i]
        for j in 0..<columns {
          products[i * columns + j] += factor * matrix[row * columns + j]
        }
      }
    }
    return products
  }

  /// The unit eigenvector of the largest eigenvalue of a symmetric matrix without negative
  /// eigenvalues, and that eigenvalue; zeros for a matrix of zeros.
  ///
  /// Power iteration from a fixed start until a step moves the vector by less than 1e-12, at most
  /// 2000 steps.
  private static func dominantEigenvector(
    _ matrix: [Double], count: Int
  ) -> (vector: [Double], value: Double) {
    // Fractions of multiples of the golden ratio: numbers without a pattern, so that no real
    // eigenvector is at right angles to them.
    var vector = (1...count).map { index in
      let multiple = Double(index) * 0.618_033_988_749_894_9
      return 0.5 + multiple - multiple.rounded(.down)
    }
    var length = 0.0
    for _ in 0..<2000 {
      var next = [Double](repeating: 0, count: count)
      for i in 0..<count {
        var sum = 0.0
        for j in 0..<count { sum += matrix[i * count + j] * vector[j] }
        next[i] = sum
      }
      length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0, length.isFinite else {
        return ([Double](repeating: length, count: count), length)
      }
      var change = 0.0
      for i in 0..<count {
        next[i] /= length
        change = max(change, abs(next[i] - vector[i]))
      }
      vector = next
      if change < 1e-12 { break }
    }
    return (vector, length)
  }
}
