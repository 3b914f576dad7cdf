public import Tensors

/// Makes reproducible tensors: the same seed gives the same elements on every machine.
public struct SeededTensors: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) {
    self.state = seed
  }

  /// The next number of the sequence (SplitMix64).
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number drawn evenly from `range`.
  public mutating func number(in range: ClosedRange<Double> = -1...1) -> Double {
    let unit = Double(next() >> 11) * 0x1p-53
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }

  /// An integer drawn evenly from `range`.
  public mutating func integer(in range: ClosedRange<Int>) -> Int {
    let span = UInt64(range.upperBound - range.lowerBound) + 1
    return range.lowerBound + Int(next() % span)
  }

  /// Elements drawn evenly from `range`.
  public mutating func uniform<T: TensorElement & BinaryFloatingPoint>(
    _ shape: Shape, in range: ClosedRange<Double> = -1...1, of type: T.Type = Double.self
  ) -> Tensor {
    var elements: [T] = []
    for _ in 0..<shape.elementCount { elements.append(T(number(in: range))) }
    return Tensor(elements, shape: shape)
  }

  /// Elements of either sign whose magnitude lies in `magnitudes`: away from a kink at zero.
  public mutating func awayFromZero<T: TensorElement & BinaryFloatingPoint>(
    _ shape: Shape, magnitudes: ClosedRange<Double> = 0.05...1, of type: T.Type = Double.self
  ) -> Tensor {
    var elements: [T] = []
    for _ in 0..<shape.elementCount {
      let magnitude = number(in: magnitudes)
      elements.append(T(next() & 1 == 0 ? magnitude : -magnitude))
    }
    return Tensor(elements, shape: shape)
  }

  /// Shuffled multiples of `gap` around zero: no two elements are closer, so a maximum is unique.
  public mutating func distinct<T: TensorElement & BinaryFloatingPoint>(
    _ shape: Shape, gap: Double = 0.01, of type: T.Type = Double.self
  ) -> Tensor {
    let count = shape.elementCount
    var elements = (0..<count).map { T((Double($0 - count / 2) + 0.5) * gap) }
    for index in stride(from: count - 1, to: 0, by: -1) {
      elements.swapAt(index, integer(in: 0...index))
    }
    return Tensor(elements, shape: shape)
  }

  /// Integer elements drawn evenly from `range`.
  public mutating func integers<T: TensorElement & FixedWidthInteger>(
    _ shape: Shape, in range: ClosedRange<Int>, of type: T.Type
  ) -> Tensor {
    var elements: [T] = []
    for _ in 0..<shape.elementCount { elements.append(T(integer(in: range))) }
    return Tensor(elements, shape: shape)
  }
}
