import Attribution
import Execution
public import Faults
import Images
import Models
public import Requests
import Tensors

extension Classifier {
  /// Draws an explanation of a prediction as a file.
  ///
  /// PNG has colours; NPY the normalised float32 map [H, W] at the chosen resolution, zero where the
  /// model did not look; raw the signed float32 map at the resolution of the layer. Of a signed
  /// normalisation the PNG shows zero in the middle of the colours.
  /// - Parameter index: counts the prediction's explanations.
  /// - Throws: `Fault` with code `internal` when nothing was explained, `resource.exhausted` without
  ///   memory.
  public func render(
    _ prediction: Prediction, explanation index: Int = 0, of input: PreparedInput,
    as format: HeatmapFormat
  ) throws(Fault) -> [UInt8] {
    guard prediction.explanations.indices.contains(index) else {
      throw Fault(.internalError, "there is no heatmap to draw: none was asked for")
    }
    let map = prediction.explanations[index].map
    if format == .raw { return NPY.encode(map.finiteTensor) }
    let values = map.normalized(normalizationMode)
    let placement = placement(of: map, in: input)
    if format == .npy {
      let sampled = placement.sample(values, width: map.width, height: map.height)
      return NPY.encode(
        Tensor(sampled, shape: [placement.target.height, placement.target.width]))
    }
    let heat = normalizationMode == .signed ? values.map { ($0 + 1) / 2 } : values
    let grid = HeatGrid(heat, width: map.width, height: map.height)
    guard let photo = try photo(of: input, at: placement.target) else {
      return try Heatmap.png(grid, placement, colormap: colormap)
    }
    return try Heatmap.overlayPNG(
      grid, placement, colormap: colormap, alpha: request.gradCAM.alpha, over: photo)
  }

  /// Draws the maps of all classes as one file: float32 [K, H, W], signed, at the layer's resolution.
  /// - Throws: `Fault` with code `internal` when the prediction has none.
  public func renderClassMaps(_ prediction: Prediction) throws(Fault) -> [UInt8] {
    guard let maps = prediction.classMaps else {
      throw Fault(.internalError, "there are no maps of all classes: none were asked for")
    }
    return NPY.encode(
      Tensor(finite(maps.values), shape: [maps.count, maps.height, maps.width]))
  }

  /// Whether the PNG of an input is drawn over the picture; a tensor has none.
  func drawsOverlay(_ input: PreparedInput) -> Bool {
    guard request.gradCAM.overlay, case .image = input.content else { return false }
    return true
  }

  /// Where the map lies in what is drawn.
  func placement(of map: ClassActivationMap, in input: PreparedInput) -> HeatmapPlacement {
    let whole = PixelSize(width: model.spec.input.width, height: model.spec.input.height)
    let resolution = request.gradCAM.resolution
    if resolution == .cam {
      return HeatmapPlacement(filling: PixelSize(width: map.width, height: map.height))
    }
    guard case .image(_, let geometry, _) = input.content else {
      guard case .size(let width, let height) = resolution else {
        return HeatmapPlacement(filling: whole)
      }
      return HeatmapPlacement(filling: PixelSize(width: width, height: height))
    }
    switch resolution {
    case .cam, .model: return HeatmapPlacement(overInput: geometry)
    case .input: return HeatmapPlacement(overUpright: geometry)
    case .size(let width, let height):
      return HeatmapPlacement(
        overUpright: geometry, target: PixelSize(width: width, height: height))
    }
  }

  /// The picture under an overlay, in the size of the drawing.
  private func photo(
    of input: PreparedInput, at size: PixelSize
  ) throws(Fault) -> PixelBuffer? {
    guard drawsOverlay(input), case .image(let view, _, let upright) = input.content else {
      return nil
    }
    let picture = try (upright ?? view).rgb()
    return picture.size == size ? picture : try picture.resized(to: size, filter: .bilinear)
  }

  var normalizationMode: ClassActivationMap.Normalization {
    switch request.gradCAM.normalize {
    case .max, .run: .max
    case .minmax: .minmax
    case .signed: .signed
    case .none: .none
    }
  }

  private var colormap: Colormap {
    switch request.gradCAM.effectiveColormap {
    case .jet: .jet
    case .turbo: .turbo
    case .viridis: .viridis
    case .magma: .magma
    case .inferno: .inferno
    case .gray: .gray
    case .coolwarm: .coolwarm
    case .bwr: .bwr
    }
  }
}

extension ClassActivationMap {
  /// The signed map [H, W].
  var finiteTensor: Tensor { Tensor(finite(values), shape: [height, width]) }
}

/// Files never hold NaN: values that are not finite become zero.
private func finite(_ values: [Float]) -> [Float] {
  values.map { $0.isFinite ? $0 : 0 }
}
