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
    return try drawing.draw(map, geometry(of: input), over: photo(of: input), as: format)
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
    drawing.placement(height: map.height, width: map.width, geometry: geometry(of: input))
  }

  private func geometry(of input: PreparedInput) -> InputGeometry? {
    if case .image(_, let geometry, _) = input.content { geometry } else { nil }
  }

  /// The picture under an overlay.
  private func photo(of input: PreparedInput) -> PixelBuffer? {
    guard drawsOverlay(input), case .image(let view, _, let upright) = input.content else {
      return nil
    }
    return upright ?? view
  }

  private var drawing: MapDrawing { MapDrawing(request.gradCAM, input: model.spec.input) }

  var normalizationMode: ClassActivationMap.Normalization { drawing.mode }
}

extension ClassActivationMap {
  /// The signed map [H, W].
  var finiteTensor: Tensor { Tensor(finite(values), shape: [height, width]) }
}

/// Files never hold NaN: values that are not finite become zero.
private func finite(_ values: [Float]) -> [Float] {
  values.map { $0.isFinite ? $0 : 0 }
}
