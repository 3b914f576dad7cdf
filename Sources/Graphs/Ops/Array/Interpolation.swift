import Faults
import Kernels
import Tensors

/// How the places of a resized axis map to places of the source.
public enum CoordinateTransformationMode: String, Sendable {
  case halfPixel = "half_pixel"
  case halfPixelSymmetric = "half_pixel_symmetric"
  case pytorchHalfPixel = "pytorch_half_pixel"
  case alignCorners = "align_corners"
  case asymmetric
  case tfHalfPixelForNN = "tf_half_pixel_for_nn"
  case tfCropAndResize = "tf_crop_and_resize"
}

/// How a resized element is made from its neighbours.
public enum InterpolationMode: String, Sendable {
  case nearest
  case linear
  case cubic
}

/// Which neighbour is nearest.
public enum NearestMode: String, Sendable {
  case roundPreferFloor = "round_prefer_floor"
  case roundPreferCeil = "round_prefer_ceil"
  case floor
  case ceil
  /// The rule of opset 10: up when shrinking, otherwise down.
  case simple

  func index(_ place: Double, scale: Double) -> Double {
    switch self {
    case .roundPreferFloor: (place - 0.5).rounded(.up)
    case .roundPreferCeil: (place + 0.5).rounded(.down)
    case .floor: place.rounded(.down)
    case .ceil: place.rounded(.up)
    case .simple: scale < 1 ? place.rounded(.up) : place.rounded(.down)
    }
  }
}

/// One axis of a resize: its extents, and the source place of each result.
struct ResizedAxis {
  let axis: Int
  let inputCount: Int
  let outputCount: Int
  let scale: Double
  /// The source places; `nil` where the result lies outside the cropped source.
  let places: [Double?]

  init(
    axis: Int, inputCount: Int, outputCount: Int, scale: Double,
    roi: (start: Double, end: Double), mode: CoordinateTransformationMode
  ) {
    self.axis = axis
    self.inputCount = inputCount
    self.outputCount = outputCount
    self.scale = scale
    self.isIdentity =
      scale == 1 && inputCount == outputCount && mode != .tfCropAndResize
    let source = Double(inputCount)
    // The extent is this rounded down, unless it is a whole number but for rounding.
    let product = scale * source
    let length = abs(product - Double(outputCount)) < 1e-6 ? Double(outputCount) : product
    places = (0..<outputCount).map { index -> Double? in
      let x = Double(index)
      let centred = (x + 0.5) / scale - 0.5
      switch mode {
      case .halfPixel: return centred
      case .halfPixelSymmetric:
        return centred + source / 2 * (1 - Double(outputCount) / length)
      case .pytorchHalfPixel: return outputCount > 1 ? centred : 0
      case .alignCorners: return length == 1 ? 0 : x * (source - 1) / (length - 1)
      case .asymmetric: return x / scale
      case .tfHalfPixelForNN: return (x + 0.5) / scale
      case .tfCropAndResize:
        let span = (roi.end - roi.start) * (source - 1)
        let place =
          roi.start * (source - 1)
          + (outputCount > 1 ? x * span / Double(outputCount - 1) : span / 2)
        return place >= 0 && place <= source - 1 ? place : nil
      }
    }
  }

  /// Whether the result is the source: always so at scale 1 without a crop.
  let isIdentity: Bool

  /// The nearest source index of each result; -1 where it lies outside.
  func nearest(_ mode: NearestMode) -> [Int] {
    places.map { place in
      guard let place else { return -1 }
      return clamped(mode.index(place, scale: scale))
    }
  }

  /// The weights of the neighbours of each result; all zero where it lies outside.
  ///
  /// The kernel spans `radius` source places to either side, more with `antialias` when shrinking.
  func weights(
    radius: Double, antialias: Bool, excludeOutside: Bool, kernel: (Double) -> Double
  ) -> AxisWeights {
    let stretch = antialias ? min(scale, 1) : 1
    let tapCount = 2 * Int((radius / stretch).rounded(.up))
    var indices: [Int] = []
    var weights: [Double] = []
    for place in places {
      let first = (place ?? 0).rounded(.up) - Double(tapCount / 2)
      var line: [Double] = []
      for tap in 0..<tapCount {
        let neighbour = first + Double(tap)
        let isOutside = neighbour < 0 || neighbour > Double(inputCount - 1)
        let weight = place.map { kernel((neighbour - $0) * stretch) } ?? 0
        line.append(isOutside && excludeOutside ? 0 : weight)
        indices.append(clamped(neighbour))
      }
      let sum = line.reduce(0, +)
      let normalizes = (antialias || excludeOutside) && sum != 0
      weights += normalizes ? line.map { $0 / sum } : line
    }
    return AxisWeights(tapCount: tapCount, indices: indices, weights: weights)
  }

  private func clamped(_ place: Double) -> Int {
    Int(min(max(place, 0), Double(inputCount - 1)))
  }
}

/// The triangle that linear interpolation weighs by.
func linearKernel(_ distance: Double) -> Double { max(1 - abs(distance), 0) }

/// Keys' cubic; `a` is the slope at distance 1.
func cubicKernel(_ distance: Double, a: Double) -> Double {
  let x = abs(distance)
  if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
  if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
  return 0
}
