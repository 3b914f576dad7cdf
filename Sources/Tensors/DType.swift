/// An element type, as numbered by ONNX `TensorProto.DataType`.
public enum DType: Int, Sendable, Hashable, CaseIterable {
  case float32 = 1
  case uint8 = 2
  case int8 = 3
  case uint16 = 4
  case int16 = 5
  case int32 = 6
  case int64 = 7
  case bool = 9
  case float16 = 10
  case float64 = 11
  case uint32 = 12
  case uint64 = 13

  /// Bytes of one element.
  public var byteSize: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16, .float16: 2
    case .float32, .int32, .uint32: 4
    case .int64, .float64, .uint64: 8
    }
  }

  /// Whether the elements are floating-point numbers.
  public var isFloatingPoint: Bool {
    self == .float32 || self == .float64 || self == .float16
  }
}

/// A Swift type that is stored as the elements of a tensor.
public protocol TensorElement: BitwiseCopyable, Sendable {
  static var dtype: DType { get }
}

extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Float16: TensorElement { public static var dtype: DType { .float16 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Int8: TensorElement { public static var dtype: DType { .int8 } }
extension UInt16: TensorElement { public static var dtype: DType { .uint16 } }
extension Int16: TensorElement { public static var dtype: DType { .int16 } }
extension UInt32: TensorElement { public static var dtype: DType { .uint32 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension UInt64: TensorElement { public static var dtype: DType { .uint64 } }
extension Int64: TensorElement { public static var dtype: DType { .int64 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }
