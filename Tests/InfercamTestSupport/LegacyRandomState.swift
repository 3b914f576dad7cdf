#if canImport(Glibc)
import Glibc
#endif

/// The random numbers of NumPy's `RandomState(seed)`, bit for bit.
///
/// Source: Matsumoto and Nishimura, Mersenne Twister, 1998 (`init_genrand`); NumPy's
/// `legacy-distributions.c` for the order in which numbers are drawn.
public struct LegacyRandomState: Sendable {
  private var words: [UInt32]
  private var position = Self.length
  private var spareNormal: Double?

  private static let length = 624
  private static let middle = 397

  public init(seed: UInt32) {
    words = [UInt32](repeating: 0, count: Self.length)
    var word = seed
    for index in 0..<Self.length {
      words[index] = word
      word = 1_812_433_253 &* (word ^ (word >> 30)) &+ UInt32(index) &+ 1
    }
  }

  /// The next 32 random bits.
  public mutating func word() -> UInt32 {
    if position == Self.length { twist() }
    var y = words[position]
    position += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  /// A number in 0..<1 with 53 random bits.
  public mutating func unit() -> Double {
    let high = Double(word() >> 5)
    let low = Double(word() >> 6)
    return (high * 67_108_864 + low) / 9_007_199_254_740_992
  }

  /// A number of the normal distribution, by the polar method, which makes two at a time.
  public mutating func standardNormal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    while true {
      let x = 2 * unit() - 1
      let y = 2 * unit() - 1
      let square = x * x + y * y
      guard square < 1, square != 0 else { continue }
      let factor = (-2 * log(square) / square).squareRoot()
      spareNormal = factor * x
      return factor * y
    }
  }

  /// A number drawn evenly from `low..<high`.
  public mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * unit()
  }

  private mutating func twist() {
    words.withUnsafeMutableBufferPointer { words in
      for index in 0..<Self.length {
        let next = words[index + 1 == Self.length ? 0 : index + 1]
        let mixed = words[index] & 0x8000_0000 | next & 0x7fff_ffff
        let far = index + Self.middle
        words[index] =
          words[far < Self.length ? far : far - Self.length] ^ (mixed >> 1)
          ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
      }
    }
    position = 0
  }
}
