import Attribution
public import Faults
public import Images
public import Metrics
import Models
import Requests
public import Tensors

/// What one input looks like at the ends of the stages before the network.
public struct StageValues: Sendable {
  /// R, G, B as they are stored, before the orientation; `nil` for an array.
  public let decoded: PixelBuffer?
  /// Upright R, G, B; `nil` for an array.
  public let upright: PixelBuffer?
  /// What the model sees, in its size, before numbers are made of it; `nil` for a model input.
  public let view: PixelBuffer?
  /// The numbers, [C, H, W], or the array that was given.
  public let normalized: Tensor
}

extension Classifier {
  /// Prepares an input and keeps what it looks like after each stage.
  /// - Throws: `Fault` as `prepare` does.
  public func stages(
    of bytes: [UInt8], declared: MediaType? = nil
  ) throws(Fault) -> (input: PreparedInput, values: StageValues) {
    let input = try prepare(bytes, declared: declared)
    switch input.content {
    case .tensor(let tensor):
      return (input, StageValues(decoded: nil, upright: nil, view: nil, normalized: tensor))
    case .image(let view, _, _):
      let normalized = try normalization.planes(of: view)
      if bytes.withUnsafeBytes({ NPY.isNPY($0) }) {
        return (input, StageValues(decoded: nil, upright: nil, view: view, normalized: normalized))
      }
      let pixels = try bytes.withUnsafeBytes { raw in
        Result { () throws(Fault) in
          let options = request.decoding
          let header = try ImageHeader.read(raw, declared: declared, options: options)
          let upright = try DecodedImage.decode(raw, header: header, options: options).pixels
          if header.orientation == .upright { return (upright, upright) }
          return (
            try DecodedImage.decode(raw, header: header.asStored, options: options).pixels, upright
          )
        }
      }.get()
      return (
        input,
        StageValues(
          decoded: pixels.0, upright: pixels.1, view: view, normalized: normalized)
      )
    }
  }

  /// The map of an explanation, and where it lies in the upright input.
  public func placedMap(
    _ explanation: Explanation, of input: PreparedInput
  ) -> MapAgreement.Map {
    let map = explanation.map
    return MapAgreement.Map(
      height: map.height, width: map.width, values: map.values, toInput: gridToInput(map, input))
  }
}

extension Normalization {
  /// The numbers of a picture, [C, H, W].
  /// - Throws: `Fault` with code `model.invalid` for a picture of other channels.
  public func planes(of view: PixelBuffer) throws(Fault) -> Tensor {
    guard view.channels == order.channels else {
      throw Fault(
        .modelInvalid,
        "\(view.channels) channels cannot be normalised in the order \(order.rawValue)")
    }
    let tensor = Tensor(uninitialized: .float32, [order.channels, view.height, view.width])
    write(
      view, to: tensor.base.assumingMemoryBound(to: Float.self),
      planeStride: view.width * view.height, rowStride: view.width, pixelStride: 1)
    return tensor
  }
}
