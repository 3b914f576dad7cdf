/// A dense row-major array of one element type.
///
/// Copies share storage. Only the code that creates a tensor writes to it; from then on it is a
/// value.
public struct Tensor: Sendable {
  public let dtype: DType
  public let shape: Shape
  public let storage: TensorStorage
  public let byteOffset: Int

  /// A window of `storage`, which must hold the elements from `byteOffset` on.
  public init(dtype: DType, shape: Shape, storage: TensorStorage, byteOffset: Int = 0) {
    precondition(byteOffset >= 0)
    precondition(byteOffset + shape.elementCount * dtype.byteSize <= storage.byteCount)
    self.dtype = dtype
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// A new tensor whose elements are undefined until written.
  public init(uninitialized dtype: DType, _ shape: Shape) {
    self.init(
      dtype: dtype, shape: shape,
      storage: TensorStorage(byteCount: shape.elementCount * dtype.byteSize))
  }

  /// A new tensor of zeros.
  public init(zeros dtype: DType, _ shape: Shape) {
    self.init(uninitialized: dtype, shape)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  /// A new tensor with the given elements in row-major order.
  public init<T: TensorElement>(_ elements: [T], shape: Shape) {
    precondition(elements.count == shape.elementCount)
    self.init(uninitialized: T.dtype, shape)
    elements.withUnsafeBytes { source in
      if let start = source.baseAddress { base.copyMemory(from: start, byteCount: byteCount) }
    }
  }

  /// A new tensor of rank 0.
  public init<T: TensorElement>(scalar: T) {
    self.init([scalar], shape: [])
  }

  public var elementCount: Int { shape.elementCount }
  public var byteCount: Int { elementCount * dtype.byteSize }

  /// The first byte; valid as long as `storage` lives.
  public var base: UnsafeMutableRawPointer { storage.base + byteOffset }

  /// Whether the elements lie on their natural alignment (memory-mapped weights may not).
  public var isAligned: Bool { UInt(bitPattern: base) % UInt(dtype.byteSize) == 0 }

  /// The tensor itself, or an aligned copy of it.
  public func aligned() -> Tensor {
    isAligned ? self : copy()
  }

  /// A copy in storage of its own.
  public func copy() -> Tensor {
    let result = Tensor(uninitialized: dtype, shape)
    result.base.copyMemory(from: base, byteCount: byteCount)
    return result
  }

  /// The same elements under another shape of equal element count; shares storage.
  public func reshaped(_ newShape: Shape) -> Tensor {
    precondition(newShape.elementCount == elementCount)
    return Tensor(dtype: dtype, shape: newShape, storage: storage, byteOffset: byteOffset)
  }

  /// Calls `body` with the elements; traps when the type or the alignment does not fit.
  @inlinable
  public func withElements<T: TensorElement, R, E: Error>(
    of type: T.Type, _ body: (UnsafeBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    precondition(T.dtype == dtype && isAligned)
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeBufferPointer(start: base.assumingMemoryBound(to: T.self), count: elementCount))
  }

  /// Calls `body` with the elements for writing; only for the code that created the tensor.
  @inlinable
  public func withMutableElements<T: TensorElement, R, E: Error>(
    of type: T.Type, _ body: (UnsafeMutableBufferPointer<T>) throws(E) -> R
  ) throws(E) -> R {
    precondition(T.dtype == dtype && isAligned)
    defer { withExtendedLifetime(storage) {} }
    return try body(
      UnsafeMutableBufferPointer(start: base.assumingMemoryBound(to: T.self), count: elementCount))
  }

  /// The elements as an array; traps when the type does not fit.
  public func elements<T: TensorElement>(of type: T.Type) -> [T] {
    aligned().withElements(of: type) { Array($0) }
  }
}

/// An element type and a shape.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public var dtype: DType
  public var shape: Shape

  public init(_ dtype: DType, _ shape: Shape) {
    self.dtype = dtype
    self.shape = shape
  }

  public var description: String { "\(dtype)\(shape)" }
}

extension Tensor {
  public var type: TensorType { TensorType(dtype, shape) }
}
