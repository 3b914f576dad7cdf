import Attribution
public import Faults
public import Images
public import Models
public import Requests
import Tensors

/// Draws signed maps as files by the options of a request, whoever computed them.
public struct MapDrawing: Sendable {
  private let options: GradCAMOptions
  private let input: ModelSpec.Input
  private let modelSize: PixelSize
  /// What maps are divided by where the options normalise over a run.
  private let runMaximum: Float?

  public init(_ options: GradCAMOptions, input: ModelSpec.Input, runMaximum: Float? = nil) {
    self.options = options
    self.input = input
    self.runMaximum = runMaximum
    modelSize = PixelSize(width: input.width, height: input.height)
  }

  /// Where a map lies in what is drawn.
  /// - Parameter geometry: how the image became the model's input; `nil` for a tensor.
  func placement(
    height: Int, width: Int, geometry: InputGeometry?
  ) -> HeatmapPlacement {
    if options.resolution == .cam {
      return HeatmapPlacement(filling: PixelSize(width: width, height: height))
    }
    guard let geometry else {
      guard case .size(let width, let height) = options.resolution else {
        return HeatmapPlacement(filling: modelSize)
      }
      return HeatmapPlacement(filling: PixelSize(width: width, height: height))
    }
    switch options.resolution {
    case .cam, .model: return HeatmapPlacement(overInput: geometry)
    case .input: return HeatmapPlacement(overUpright: geometry)
    case .size(let width, let height):
      return HeatmapPlacement(
        overUpright: geometry, target: PixelSize(width: width, height: height))
    }
  }

  /// The size of what is drawn of a map over an image of a size, or over a tensor.
  /// - Throws: `Fault` with code `model.invalid` as the geometry does.
  public func size(
    height: Int, width: Int, upright: PixelSize?
  ) throws(Fault) -> PixelSize {
    placement(height: height, width: width, geometry: try geometry(of: upright)).target
  }

  /// Draws a stored map [height, width], which holds no numbers that are not finite.
  /// - Parameters:
  ///   - upright: the size of the upright image that the model's input was made of; `nil` for a
  ///     tensor.
  ///   - picture: the upright image in that size, for an overlay.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func draw(
    _ values: [Float], height: Int, width: Int, upright: PixelSize?, over picture: PixelBuffer?,
    as format: HeatmapFormat
  ) throws(Fault) -> [UInt8] {
    let geometry = try geometry(of: upright)
    var photo: PixelBuffer?
    if options.overlay, let picture, let geometry {
      photo = try self.photo(picture, geometry)
    }
    return try draw(
      ClassActivationMap(height: height, width: width, values: values), geometry, over: photo,
      as: format)
  }

  /// Draws a map; `photo` lies under it when given.
  func draw(
    _ map: ClassActivationMap, _ geometry: InputGeometry?, over photo: PixelBuffer?,
    as format: HeatmapFormat
  ) throws(Fault) -> [UInt8] {
    let values = map.normalized(mode)
    let placement = placement(height: map.height, width: map.width, geometry: geometry)
    let target = placement.target
    if format == .npy {
      let sampled = placement.sample(values, width: map.width, height: map.height)
      return NPY.encode(Tensor(sampled, shape: [target.height, target.width]))
    }
    let heat = mode == .signed ? values.map { ($0 + 1) / 2 } : values
    let grid = HeatGrid(heat, width: map.width, height: map.height)
    guard let photo else { return try Heatmap.png(grid, placement, colormap: colormap) }
    let picture = try photo.rgb()
    return try Heatmap.overlayPNG(
      grid, placement, colormap: colormap, alpha: options.alpha,
      over: picture.size == target ? picture : picture.resized(to: target, filter: .bilinear))
  }

  /// What lies under an overlay: the model's view where that is drawn, else the upright image.
  private func photo(
    _ picture: PixelBuffer, _ geometry: InputGeometry
  ) throws(Fault) -> PixelBuffer {
    guard options.resolution == .model || options.resolution == .cam else { return picture }
    let image = ShrunkImage(picture)
    return try (input.color == .gray ? try image.gray() : image).modelView(
      geometry, filter: ResampleFilter(input.resize.filter), pad: input.padding)
  }

  private func geometry(of upright: PixelSize?) throws(Fault) -> InputGeometry? {
    guard let upright else { return nil }
    return try input.geometry(of: upright)
  }

  var mode: ClassActivationMap.Normalization {
    switch options.normalize {
    case .max: .max
    case .run: runMaximum.map { .fixed(maximum: $0) } ?? .max
    case .minmax: .minmax
    case .signed: .signed
    case .none: .none
    }
  }

  private var colormap: Colormap {
    switch options.effectiveColormap {
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

extension ModelSpec.Input {
  /// How an upright image of a size becomes the input.
  func geometry(of upright: PixelSize) throws(Fault) -> InputGeometry {
    try InputGeometry(
      upright: upright, input: PixelSize(width: width, height: height),
      resize: ResizeRule(resize.mode), crop: CropRule(crop))
  }
}
