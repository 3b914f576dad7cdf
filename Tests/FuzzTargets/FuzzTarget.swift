/// A parser of untrusted bytes that `make fuzz` feeds with mutated files.
///
/// Whatever the bytes are, `run` must return: a fault is a fine answer, a trap, a memory error or a
/// hang is not.
public enum FuzzTarget: String, Sendable, CaseIterable {
  case jpeg, png, tiff, bmp, exif, onnx, json, jsonl, csv, npy

  /// Feeds `bytes` to the parser.
  public func run(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .jpeg: decodeJPEG(bytes)
    case .tiff, .bmp: decodeImage(bytes)
    case .png: decodePNG(bytes)
    case .exif: readOrientation(bytes)
    case .onnx: readModel(bytes)
    case .json, .jsonl, .csv: readManifest(bytes, ending: rawValue)
    case .npy: readArray(bytes)
    }
  }

  /// Feeds `bytes` to the parser.
  public func run(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { run($0) }
  }
}
