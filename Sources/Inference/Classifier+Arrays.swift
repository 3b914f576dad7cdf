import Execution
import Faults
import Graphs
import Images
import Models
import Requests
import Tensors

extension Classifier {
  /// Takes an array file as a model input or as an RGB image.
  func prepareArray(
    _ bytes: [UInt8], _ digest: String, _ label: String?, _ started: Double
  ) throws(Fault) -> PreparedInput {
    let array = try bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) in try NPY.decode(raw) }
    }.get()
    func facts(_ size: PixelSize?, _ resized: PixelSize?) -> SourceFacts {
      SourceFacts(
        sha256: digest, bytes: bytes.count, format: "npy", width: size?.width,
        height: size?.height, orientation: size == nil ? nil : 1, resized: resized, shrink: 1,
        warnings: [], partial: false)
    }
    if array.dtype == .uint8, array.shape.rank == 3, array.shape[2] == 3 {
      let size = PixelSize(width: array.shape[1], height: array.shape[0])
      try request.decoding.limits.check(width: size.width, height: size.height)
      let pixels = try PixelBuffer(
        array.elements(of: UInt8.self), width: size.width, height: size.height, channels: 3)
      return try prepareImage(.init(pixels), label, started) { facts(size, $0) }
    }
    guard let numbers = try modelInput(array) else {
      let expected = modelShape
      throw Fault(
        .imageInvalidFormat,
        "the array is \(array.dtype) \(array.shape): the model takes float32 \(expected) or an "
          + "image uint8 [H, W, 3]",
        details: ["expected": .string("\(expected)"), "found": .string("\(array.shape)")])
    }
    return PreparedInput(
      source: facts(nil, nil), decodeMilliseconds: milliseconds() - started,
      preprocessMilliseconds: 0,
      content: .tensor(numbers), label: label)
  }

  /// What the model itself takes; the network takes planes where the model only turns to them.
  private var modelShape: Shape {
    let shape = network.inputShape
    guard model.spec.input.layout == .nhwc, !isChannelsLast else { return shape }
    return Shape([0, 2, 3, 1].map { shape[$0] })
  }

  /// The input of the network that an array in the axes of the model's holds, with or without
  /// leading axes of extent 1; `nil` for other arrays.
  private func modelInput(_ array: Tensor) throws(Fault) -> Tensor? {
    let expected = modelShape
    func extents(_ shape: Shape) -> [Int] { Array(shape.dimensions.drop { $0 == 1 }) }
    guard (3...4).contains(array.shape.rank), extents(array.shape) == extents(expected),
      let numbers = try float32(array)?.reshaped(expected)
    else { return nil }
    if expected == network.inputShape { return numbers }
    let planes = Tensor(uninitialized: .float32, network.inputShape)
    try Transpose(perm: [0, 3, 1, 2]).evaluate([numbers], into: [planes])
    return planes
  }

  /// Floating-point numbers as float32, and integers where the model takes them; `nil` for others.
  private func float32(_ array: Tensor) throws(Fault) -> Tensor? {
    if array.dtype == .float32 { return array }
    guard array.dtype.isFloatingPoint || takesIntegers && array.dtype != .bool else { return nil }
    let numbers = Tensor(uninitialized: .float32, array.shape)
    try Cast(to: .float32).evaluate([array], into: [numbers])
    return numbers
  }
}
