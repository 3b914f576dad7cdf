public import Tensors

#if canImport(Glibc)
import Glibc
#endif

/// The pixels of a model input from the most to the least important, in steps.
public struct PixelOrder: Sendable {
  /// How many steps there are: never more than pixels.
  public let steps: Int
  private let order: [Int32]

  /// - Parameters:
  ///   - importance: of each pixel, row by row; equal ones keep the order of the pixels.
  ///   - steps: at least one.
  public init(_ importance: [Float], steps: Int) {
    precondition(steps > 0 && !importance.isEmpty)
    self.steps = min(steps, importance.count)
    order = (0..<Int32(importance.count)).sorted { first, second in
      let (a, b) = (importance[Int(first)], importance[Int(second)])
      return a == b ? first < second : a > b
    }
  }

  /// The pixels that step `step`, from 1, adds: all but a remainder of equal shares.
  func pixels(ofStep step: Int) -> ArraySlice<Int32> {
    order[(step - 1) * order.count / steps..<step * order.count / steps]
  }

  /// Copies the pixels that a step adds from one model input to another.
  /// - Parameters:
  ///   - source: `nil` for zeros, the mean colour of preprocessing.
  ///   - isChannelsLast: whether the inputs are [1, H, W, C] instead of [1, C, H, W].
  public func copyPixels(
    ofStep step: Int, from source: Tensor?, to target: Tensor, isChannelsLast: Bool
  ) {
    let channels = target.elementCount / order.count
    let pixelStride = isChannelsLast ? channels : 1
    let channelStride = isChannelsLast ? 1 : order.count
    let pixels = pixels(ofStep: step)
    func copy(_ values: UnsafeBufferPointer<Float>?) {
      target.withMutableElements(of: Float.self) { elements in
        for pixel in pixels {
          for channel in 0..<channels {
            let place = Int(pixel) * pixelStride + channel * channelStride
            elements[place] = values?[place] ?? 0
          }
        }
      }
    }
    guard let source else { return copy(nil) }
    source.withElements(of: Float.self) { copy($0) }
  }

  /// The area under a curve over 0…1 by the trapezoidal rule; points at equal distances.
  public static func area(_ curve: [Double]) -> Double {
    guard let first = curve.first, let last = curve.last, curve.count > 1 else { return 0 }
    let sum = curve.reduce(0, +) - (first + last) / 2
    return sum / Double(curve.count - 1)
  }
}

extension Tensor {
  /// A model input under a Gaussian of 11 x 11 pixels with a standard deviation of 5, the size that
  /// RISE takes; edges are repeated outwards.
  ///
  /// Sums in double, first along rows and then along columns, each rounded once.
  public func blurred(isChannelsLast: Bool) -> Tensor {
    let rows = shape[isChannelsLast ? 1 : 2]
    let columns = shape[isChannelsLast ? 2 : 3]
    let channels = elementCount / (rows * columns)
    let pixelStride = isChannelsLast ? channels : 1
    let channelStride = isChannelsLast ? 1 : rows * columns
    let powers = (-5...5).map { exp(-Double($0 * $0) / 50) }
    let kernel = powers.map { $0 / powers.reduce(0, +) }
    let result = copy()
    result.withMutableElements(of: Float.self) { elements in
      for channel in 0..<channels {
        let start = channel * channelStride
        for row in 0..<rows {
          Self.blur(
            elements, start + row * columns * pixelStride, count: columns, stride: pixelStride,
            kernel)
        }
        for column in 0..<columns {
          Self.blur(
            elements, start + column * pixelStride, count: rows, stride: columns * pixelStride,
            kernel)
        }
      }
    }
    return result
  }

  private static func blur(
    _ elements: UnsafeMutableBufferPointer<Float>, _ start: Int, count: Int, stride: Int,
    _ kernel: [Double]
  ) {
    let line = (0..<count).map { Double(elements[start + $0 * stride]) }
    for place in 0..<count {
      var sum = 0.0
      for (tap, weight) in kernel.enumerated() {
        sum += weight * line[min(max(place + tap - 5, 0), count - 1)]
      }
      elements[start + place * stride] = Float(sum)
    }
  }
}
