import Faults
import Tensors

/// A number that can be stored in a tensor, with ONNX arithmetic: integers wrap around, floats
/// follow IEEE 754, and nothing traps.
protocol ArrayElement: TensorElement, Comparable {
  /// A type that holds every value: `Double`, `Int64` or `UInt64`.
  associatedtype Wide: WideNumber, ArrayElement

  static var zero: Self { get }
  static var lowest: Self { get }
  static var highest: Self { get }
  var wide: Wide { get }
  var double: Double { get }
  init(wrapping value: Int64)
  init(wrapping value: UInt64)
  /// Integers truncate towards zero and then wrap.
  init(converting value: Double)

  static func sum(_ a: Self, _ b: Self) -> Self
  static func difference(_ a: Self, _ b: Self) -> Self
  static func product(_ a: Self, _ b: Self) -> Self
  /// `nil` where an integer is divided by zero.
  static func quotient(_ a: Self, _ b: Self) -> Self?
  /// The remainder with the sign of the divisor; `nil` where an integer is divided by zero.
  static func flooredRemainder(_ a: Self, _ b: Self) -> Self?
  /// The remainder with the sign of the dividend; `nil` where an integer is divided by zero.
  static func truncatedRemainder(_ a: Self, _ b: Self) -> Self?
  static func power(_ base: Self, _ exponent: Self) -> Self
  static func negative(_ a: Self) -> Self
  static func magnitude(_ a: Self) -> Self
  static func sign(_ a: Self) -> Self
  var isNotANumber: Bool { get }
}

/// The widest type of a family of elements.
protocol WideNumber: BitwiseCopyable, Sendable {
  func converted<T: ArrayElement>(to type: T.Type) -> T
}

extension Double: WideNumber {
  @inline(__always)
  func converted<T: ArrayElement>(to type: T.Type) -> T { T(converting: self) }
}

extension Int64: WideNumber {
  @inline(__always)
  func converted<T: ArrayElement>(to type: T.Type) -> T { T(wrapping: self) }
}

extension UInt64: WideNumber {
  @inline(__always)
  func converted<T: ArrayElement>(to type: T.Type) -> T { T(wrapping: self) }
}

/// An integer element.
protocol IntegerElement: ArrayElement, FixedWidthInteger {}

extension IntegerElement {
  static var lowest: Self { .min }
  static var highest: Self { .max }
  var double: Double { Double(self) }
  var isNotANumber: Bool { false }
  init(wrapping value: Int64) { self.init(truncatingIfNeeded: value) }
  init(wrapping value: UInt64) { self.init(truncatingIfNeeded: value) }

  init(converting value: Double) {
    if value.isNaN {
      self = 0
    } else if value >= 0x1p63 {
      self.init(truncatingIfNeeded: value >= 0x1p64 ? UInt64.max : UInt64(value))
    } else {
      self.init(truncatingIfNeeded: value <= -0x1p63 ? Int64.min : Int64(value))
    }
  }

  static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
  static func difference(_ a: Self, _ b: Self) -> Self { a &- b }
  static func product(_ a: Self, _ b: Self) -> Self { a &* b }

  static func quotient(_ a: Self, _ b: Self) -> Self? {
    b == 0 ? nil : a.dividedReportingOverflow(by: b).partialValue
  }

  static func truncatedRemainder(_ a: Self, _ b: Self) -> Self? {
    b == 0 ? nil : a.remainderReportingOverflow(dividingBy: b).partialValue
  }

  static func flooredRemainder(_ a: Self, _ b: Self) -> Self? {
    guard let remainder = truncatedRemainder(a, b) else { return nil }
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder &+ b : remainder
  }

  static func power(_ base: Self, _ exponent: Self) -> Self {
    guard exponent >= 0 else {
      if base == 1 { return 1 }
      return Self.isSigned && base == 0 &- 1 ? (exponent & 1 == 0 ? 1 : base) : 0
    }
    var result: Self = 1
    var square = base
    var rest = exponent
    while rest != 0 {
      if rest & 1 == 1 { result = result &* square }
      square = square &* square
      rest >>= 1
    }
    return result
  }

  static func negative(_ a: Self) -> Self { 0 &- a }
  static func magnitude(_ a: Self) -> Self { a < 0 ? 0 &- a : a }
  static func sign(_ a: Self) -> Self { a > 0 ? 1 : (a < 0 ? 0 &- 1 : 0) }
}

extension Int8: IntegerElement { var wide: Int64 { Int64(self) } }
extension Int16: IntegerElement { var wide: Int64 { Int64(self) } }
extension Int32: IntegerElement { var wide: Int64 { Int64(self) } }
extension Int64: IntegerElement { var wide: Int64 { self } }
extension UInt8: IntegerElement { var wide: UInt64 { UInt64(self) } }
extension UInt16: IntegerElement { var wide: UInt64 { UInt64(self) } }
extension UInt32: IntegerElement { var wide: UInt64 { UInt64(self) } }
extension UInt64: IntegerElement { var wide: UInt64 { self } }
