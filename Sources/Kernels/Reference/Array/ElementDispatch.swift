import Faults
import Tensors

/// Work on elements of any numeric type.
protocol ArrayBody {
  func run<T: ArrayElement>(_ type: T.Type) throws(Fault)
}

/// Work on elements of any integer type.
protocol IntegerBody {
  func run<T: IntegerElement>(_ type: T.Type) throws(Fault)
}

/// Work on elements of any floating-point type.
protocol FloatBody {
  func run<T: FloatElement>(_ type: T.Type) throws(Fault)
}

/// Work that moves elements without reading them: only their size matters.
protocol BitsBody {
  func run<T: BitwiseCopyable>(_ type: T.Type) throws(Fault)
}

/// Runs `body` for the element type; booleans count as bytes.
///
/// The tensors that `body` holds live until it returns, so that it may use their pointers.
@inline(__always)
func dispatch<Body: ArrayBody>(_ dtype: DType, _ body: Body) throws(Fault) {
  defer { withExtendedLifetime(body) {} }
  switch dtype {
  case .float32: try body.run(Float.self)
  case .float64: try body.run(Double.self)
  case .float16: try body.run(Float16.self)
  case .int8: try body.run(Int8.self)
  case .int16: try body.run(Int16.self)
  case .int32: try body.run(Int32.self)
  case .int64: try body.run(Int64.self)
  case .uint8, .bool: try body.run(UInt8.self)
  case .uint16: try body.run(UInt16.self)
  case .uint32: try body.run(UInt32.self)
  case .uint64: try body.run(UInt64.self)
  }
}

@inline(__always)
func dispatchInteger<Body: IntegerBody>(_ dtype: DType, _ body: Body) throws(Fault) {
  defer { withExtendedLifetime(body) {} }
  switch dtype {
  case .int8: try body.run(Int8.self)
  case .int16: try body.run(Int16.self)
  case .int32: try body.run(Int32.self)
  case .int64: try body.run(Int64.self)
  case .uint8: try body.run(UInt8.self)
  case .uint16: try body.run(UInt16.self)
  case .uint32: try body.run(UInt32.self)
  case .uint64: try body.run(UInt64.self)
  case .float32, .float64, .float16, .bool: throw unsupported(dtype, expected: "integers")
  }
}

@inline(__always)
func dispatchFloat<Body: FloatBody>(_ dtype: DType, _ body: Body) throws(Fault) {
  defer { withExtendedLifetime(body) {} }
  switch dtype {
  case .float32: try body.run(Float.self)
  case .float64: try body.run(Double.self)
  case .float16: try body.run(Float16.self)
  default: throw unsupported(dtype, expected: "floating-point numbers")
  }
}

@inline(__always)
func dispatchBits<Body: BitsBody>(_ dtype: DType, _ body: Body) throws(Fault) {
  defer { withExtendedLifetime(body) {} }
  switch dtype.byteSize {
  case 1: try body.run(UInt8.self)
  case 2: try body.run(UInt16.self)
  case 4: try body.run(UInt32.self)
  default: try body.run(UInt64.self)
  }
}

func unsupported(_ dtype: DType, expected: String) -> Fault {
  Fault(.modelInvalid, "elements of type \(dtype) where the operator takes \(expected)")
}

extension Tensor {
  /// The elements as `T`, which must have their size; only for bodies that are dispatched.
  @inline(__always)
  func pointer<T: BitwiseCopyable>(as type: T.Type) -> UnsafePointer<T> {
    UnsafePointer(base.assumingMemoryBound(to: T.self))
  }

  @inline(__always)
  func mutablePointer<T: BitwiseCopyable>(as type: T.Type) -> UnsafeMutablePointer<T> {
    base.assumingMemoryBound(to: T.self)
  }
}
