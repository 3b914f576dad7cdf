public import Faults

/// What the header of an array file says, without its elements.
public struct NPYLayout: Sendable, Hashable {
  public let dtype: DType
  public let shape: Shape
  /// Where the elements start.
  public let start: Int

  /// The bytes of all elements.
  public let byteCount: Int

  /// How many bytes from the start of a file hold any header.
  public static let prefixBytes = 12 + 1 << 16

  /// - Parameter prefix: the start of a file, `prefixBytes` of it where there are so many.
  /// - Throws: as `NPY.decode`, lengths apart.
  public init(_ prefix: [UInt8]) throws(Fault) {
    let (fields, dtype, start) = try prefix.withUnsafeBytes { raw in
      Result { () throws(Fault) in try NPY.fields(raw) }
    }.get()
    self.dtype = dtype
    self.shape = Shape(fields.shape)
    self.start = start
    self.byteCount = try NPY.byteCount(fields.shape, dtype)
  }

  /// How many arrays the file stacks along its first axis: [N, C, H, W] holds N of [C, H, W].
  public var stackedCount: Int { shape.rank == 4 ? shape[0] : 1 }

  /// Where the elements of one of the stacked arrays lie in the file.
  public func range(of index: Int) -> Range<Int> {
    let size = byteCount / max(stackedCount, 1)
    return (start + index * size)..<(start + (index + 1) * size)
  }

  /// The file that holds one of the stacked arrays alone, as NumPy saves it.
  public func file(ofStacked elements: [UInt8]) -> [UInt8] {
    NPY.header(dtype, Shape(Array(shape.dimensions.dropFirst()))) + elements
  }
}
