#if canImport(Glibc)
import Glibc
#endif

/// Gives an ONNX file whose large weights were left out seeded random ones.
///
/// An initializer whose `doc_string` is `skeleton` has no elements: they follow from its name, its
/// extents and the seed alone, so that every tool fills in the same bytes.
public enum SkeletonWeights {
  /// Returns the model with `raw_data` in every initializer that had been emptied.
  public static func filled(_ model: [UInt8], seed: UInt32 = 0) throws -> [UInt8] {
    try rewriting(model[...], field: 7) { try filledGraph($0, seed: seed) }
  }

  /// The elements of one initializer.
  ///
  /// Matrices and filters are normal with variance 2 / fan-in, vectors suit what their name says.
  public static func elements(name: String, dims: [Int], seed: UInt32 = 0) -> [Float] {
    var random = LegacyRandomState(seed: crc32(name.utf8) ^ seed)
    let count = dims.reduce(1, *)
    if dims.count >= 2 {
      let fanIn = dims.count == 2 ? max(dims[0], dims[1]) : dims.dropFirst().reduce(1, *)
      let scale = pow(2 / Double(fanIn), 0.5)
      return draw(count) { Float(random.standardNormal() * scale) }
    }
    if name.contains("var") { return draw(count) { Float(random.uniform(0.5, 1.5)) } }
    if name.hasSuffix("weight") || name.contains("gamma") {
      return draw(count) { Float(random.uniform(0.6, 1.4)) }
    }
    return draw(count) { Float(random.standardNormal() * 0.05) }
  }

  private static func draw(_ count: Int, _ next: () -> Float) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer.initializeElement(at: index, to: next()) }
      initialized = count
    }
  }

  private static func filledGraph(_ graph: ArraySlice<UInt8>, seed: UInt32) throws -> [UInt8] {
    try rewriting(graph, field: 5) { try filledTensor($0, seed: seed) }
  }

  /// Copies a message; every `number` becomes what `body` makes of it, or stays where that is `nil`.
  private static func rewriting(
    _ message: ArraySlice<UInt8>, field number: Int,
    _ body: (ArraySlice<UInt8>) throws -> [UInt8]?
  ) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for field in try ProtobufFields(message) {
      if field.number == number, let payload = field.payload, let rewritten = try body(payload) {
        var writer = ProtobufWriter()
        writer.raw(number, rewritten)
        bytes += writer.bytes
      } else {
        bytes += field.bytes
      }
    }
    return bytes
  }

  /// The tensor with its elements; `nil` when it was not emptied.
  private static func filledTensor(
    _ tensor: ArraySlice<UInt8>, seed: UInt32
  ) throws -> [UInt8]? {
    var (name, dims, isSkeleton) = ("", [Int](), false)
    for field in try ProtobufFields(tensor) {
      switch field.number {
      case 1: dims += try field.integers()
      case 8: name = String(decoding: field.payload ?? [], as: UTF8.self)
      case 12: isSkeleton = field.payload.map { $0.elementsEqual("skeleton".utf8) } ?? false
      default: break
      }
    }
    guard isSkeleton else { return nil }
    var writer = ProtobufWriter()
    writer.raw(9, rawBytes(elements(name: name, dims: dims, seed: seed)))
    return tensor + writer.bytes
  }
}
