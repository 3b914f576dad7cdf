import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// A floating-point element; `Real` is the type its arithmetic happens in.
protocol FloatElement: ArrayElement, BinaryFloatingPoint {
  associatedtype Real: RealNumber

  init(rounding value: Real)
  var real: Real { get }
}

extension FloatElement {
  static var lowest: Self { -.infinity }
  static var highest: Self { .infinity }
  var isNotANumber: Bool { isNaN }
  init(wrapping value: Int64) { self.init(value) }
  init(wrapping value: UInt64) { self.init(value) }

  static func sum(_ a: Self, _ b: Self) -> Self { Self(rounding: a.real + b.real) }
  static func difference(_ a: Self, _ b: Self) -> Self { Self(rounding: a.real - b.real) }
  static func product(_ a: Self, _ b: Self) -> Self { Self(rounding: a.real * b.real) }
  static func quotient(_ a: Self, _ b: Self) -> Self? { Self(rounding: a.real / b.real) }

  static func truncatedRemainder(_ a: Self, _ b: Self) -> Self? {
    Self(rounding: .remainder(a.real, b.real))
  }

  static func flooredRemainder(_ a: Self, _ b: Self) -> Self? {
    let remainder = Real.remainder(a.real, b.real)
    if remainder == 0 { return Self(rounding: b < 0 ? -0.0 : 0) }
    return Self(rounding: (remainder < 0) == (b < 0) ? remainder : remainder + b.real)
  }

  static func power(_ base: Self, _ exponent: Self) -> Self {
    Self(rounding: .power(base.real, exponent.real))
  }

  static func negative(_ a: Self) -> Self { -a }
  static func magnitude(_ a: Self) -> Self { abs(a) }
  static func sign(_ a: Self) -> Self { a > 0 ? 1 : (a < 0 ? -1 : (a.isNaN ? a : 0)) }
}

extension Float: FloatElement {
  var wide: Double { Double(self) }
  var double: Double { Double(self) }
  var real: Float { self }
  init(converting value: Double) { self.init(value) }
  init(rounding value: Float) { self = value }
}

extension Double: FloatElement {
  var wide: Double { self }
  var double: Double { self }
  var real: Double { self }
  init(converting value: Double) { self = value }
  init(rounding value: Double) { self = value }
}

/// The conversions are spelled in integer steps, which vectorise; the standard library's call a
/// function for each element where the processor has no instruction for it.
extension Float16: FloatElement {
  var wide: Double { Double(real) }
  var double: Double { Double(real) }

  var real: Float {
    let bits = UInt32(bitPattern)
    let magnitude = bits & 0x7FFF
    // Scaling by 2^112 moves the exponent to Float32's bias, also that of subnormals.
    let scaled = Float(bitPattern: magnitude << 13) * 0x1p112
    let finite = scaled.bitPattern
    let special = magnitude << 13 | 0x7F80_0000
    return Float(bitPattern: (magnitude >= 0x7C00 ? special : finite) | (bits & 0x8000) << 16)
  }

  init(converting value: Double) { self.init(value) }

  init(rounding value: Float) {
    let bits = value.bitPattern
    let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
    let magnitude = bits & 0x7FFF_FFFF
    // Rebias the exponent and round the 13 bits that are cut to nearest even.
    let normal = (magnitude &- 0x3800_0000 &+ 0xFFF &+ (magnitude >> 13 & 1)) >> 13
    // Adding 0.5 leaves a subnormal in the lowest bits, rounded by the addition.
    let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- 0x3F00_0000
    let special: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
    let rounded = magnitude < 0x3880_0000 ? subnormal : normal
    let result = magnitude >= 0x477F_F000 ? special : rounded
    self.init(bitPattern: sign | UInt16(truncatingIfNeeded: result))
  }
}

/// A type with the elementary functions of the C library.
protocol RealNumber: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static func remainder(_ a: Self, _ b: Self) -> Self
  static func power(_ base: Self, _ exponent: Self) -> Self
  static func exponential(_ x: Self) -> Self
  static func logarithm(_ x: Self) -> Self
  static func sine(_ x: Self) -> Self
  static func cosine(_ x: Self) -> Self
  static func tangent(_ x: Self) -> Self
  static func arcsine(_ x: Self) -> Self
  static func arccosine(_ x: Self) -> Self
  static func arctangent(_ x: Self) -> Self
  static func hyperbolicSine(_ x: Self) -> Self
  static func hyperbolicCosine(_ x: Self) -> Self
  static func inverseHyperbolicSine(_ x: Self) -> Self
  static func inverseHyperbolicCosine(_ x: Self) -> Self
  static func inverseHyperbolicTangent(_ x: Self) -> Self
}

extension Float: RealNumber {
  static func remainder(_ a: Float, _ b: Float) -> Float { fmodf(a, b) }
  static func power(_ base: Float, _ exponent: Float) -> Float { powf(base, exponent) }
  static func exponential(_ x: Float) -> Float { expf(x) }
  static func logarithm(_ x: Float) -> Float { logf(x) }
  static func sine(_ x: Float) -> Float { sinf(x) }
  static func cosine(_ x: Float) -> Float { cosf(x) }
  static func tangent(_ x: Float) -> Float { tanf(x) }
  static func arcsine(_ x: Float) -> Float { asinf(x) }
  static func arccosine(_ x: Float) -> Float { acosf(x) }
  static func arctangent(_ x: Float) -> Float { atanf(x) }
  static func hyperbolicSine(_ x: Float) -> Float { sinhf(x) }
  static func hyperbolicCosine(_ x: Float) -> Float { coshf(x) }
  static func inverseHyperbolicSine(_ x: Float) -> Float { asinhf(x) }
  static func inverseHyperbolicCosine(_ x: Float) -> Float { acoshf(x) }
  static func inverseHyperbolicTangent(_ x: Float) -> Float { atanhf(x) }
}

extension Double: RealNumber {
  static func remainder(_ a: Double, _ b: Double) -> Double { fmod(a, b) }
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
  static func exponential(_ x: Double) -> Double { exp(x) }
  static func logarithm(_ x: Double) -> Double { log(x) }
  static func sine(_ x: Double) -> Double { sin(x) }
  static func cosine(_ x: Double) -> Double { cos(x) }
  static func tangent(_ x: Double) -> Double { tan(x) }
  static func arcsine(_ x: Double) -> Double { asin(x) }
  static func arccosine(_ x: Double) -> Double { acos(x) }
  static func arctangent(_ x: Double) -> Double { atan(x) }
  static func hyperbolicSine(_ x: Double) -> Double { sinh(x) }
  static func hyperbolicCosine(_ x: Double) -> Double { cosh(x) }
  static func inverseHyperbolicSine(_ x: Double) -> Double { asinh(x) }
  static func inverseHyperbolicCosine(_ x: Double) -> Double { acosh(x) }
  static func inverseHyperbolicTangent(_ x: Double) -> Double { atanh(x) }
}
