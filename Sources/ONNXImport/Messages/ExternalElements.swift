import Faults
import Tensors

/// Where a tensor keeps its elements outside the model file.
///
/// Source: https://onnx.ai/onnx/repo-docs/ExternalData.html
struct ExternalElements {
  /// The name of the file, relative to the model's folder.
  var location: String?
  private var offset: String?
  private var length: String?

  /// Reads one key with its value.
  mutating func read(_ reader: WireReader) throws(Fault) {
    let (key, value) = try ModelMessage.entry(reader)
    switch key {
    case "location": location = value
    case "offset": offset = value
    case "length": length = value
    default: break
    }
  }

  /// Returns the tensor over the bytes of the file, which are used in place.
  /// - Throws: `Fault` with code `model.external_data` when the file is not given or too short.
  func tensor(
    _ type: TensorType, named name: String, in files: [String: TensorStorage]
  ) throws(Fault) -> Tensor {
    guard let location, let storage = files[location] else {
      throw fault(
        name, "keeps its elements in another file, which is not given: save the model as one file")
    }
    let byteCount = type.shape.elementCount * type.dtype.byteSize
    let start = offset.map { Int($0) } ?? 0
    let count = length.map { Int($0) } ?? byteCount
    guard let start, start >= 0, count == byteCount,
      start <= storage.byteCount, byteCount <= storage.byteCount - start
    else {
      throw fault(
        name,
        "needs \(byteCount) bytes from \(offset ?? "0") of \(location), which has "
          + "\(storage.byteCount): copy the file again")
    }
    let tensor = Tensor(
      dtype: type.dtype, shape: type.shape, storage: storage, byteOffset: start)
    guard type.dtype == .bool else { return tensor }
    // A Bool may hold no other bytes than 0 and 1.
    let bytes = Tensor(dtype: .uint8, shape: type.shape, storage: storage, byteOffset: start)
    return Tensor(bytes.elements(of: UInt8.self).map { $0 != 0 }, shape: type.shape)
  }

  private func fault(_ name: String, _ what: String) -> Fault {
    Fault(
      .modelExternalData, "tensor \(name) \(what)",
      details: ["tensor": .string(name), "location": location.map { .string($0) } ?? .string("")])
  }
}
