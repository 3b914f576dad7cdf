import Digests
import Faults
import Images
import Metrics
import Tensors

/// The values at the end of a stage.
enum StageArray: Sendable, Hashable {
  case bytes([UInt8], shape: [Int])
  case floats([Float], shape: [Int])

  init(_ pixels: PixelBuffer) {
    self = .bytes(pixels.bytes, shape: [pixels.height, pixels.width, pixels.channels])
  }

  /// - Throws: `Fault` with code `image.invalid_format` for elements of another type.
  init(_ tensor: Tensor) throws(Fault) {
    switch tensor.dtype {
    case .uint8:
      self = .bytes(tensor.elements(of: UInt8.self), shape: Array(tensor.shape.dimensions))
    case .float32:
      self = .floats(
        tensor.aligned().elements(of: Float.self), shape: Array(tensor.shape.dimensions))
    default:
      throw Fault(.imageInvalidFormat, "the array holds \(tensor.dtype), not uint8 or float32")
    }
  }

  /// Reads an array file.
  init(npy bytes: [UInt8]) throws(Fault) {
    let tensor = try bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) in try NPY.decode(raw) }
    }.get()
    try self.init(tensor)
  }

  var shape: [Int] {
    switch self {
    case .bytes(_, let shape), .floats(_, let shape): shape
    }
  }

  var dtype: String {
    switch self {
    case .bytes: "uint8"
    case .floats: "float32"
    }
  }

  /// The SHA-256 of the elements in hexadecimal.
  var sha256: String {
    switch self {
    case .bytes(let values, _): values.withUnsafeBytes { SHA256.hex(of: $0) }
    case .floats(let values, _): values.withUnsafeBytes { SHA256.hex(of: $0) }
    }
  }

  /// The array file.
  var npy: [UInt8] {
    switch self {
    case .bytes(let values, let shape): NPY.encode(Tensor(values, shape: Shape(shape)))
    case .floats(let values, let shape): NPY.encode(Tensor(values, shape: Shape(shape)))
    }
  }

  var floats: [Float]? {
    if case .floats(let values, _) = self { values } else { nil }
  }

  /// How another array of the same kind and shape differs; `nil` for any other array.
  func difference(from other: StageArray) -> ArrayDifference? {
    guard shape == other.shape else { return nil }
    switch (self, other) {
    case (.bytes(let mine, _), .bytes(let others, _)): return ArrayDifference(mine, others)
    case (.floats(let mine, _), .floats(let others, _)): return ArrayDifference(mine, others)
    default: return nil
    }
  }
}
