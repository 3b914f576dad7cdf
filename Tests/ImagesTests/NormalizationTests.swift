import Faults
import Images
import Testing

struct NormalizationTests {
  static let pixels: [UInt8] = [0, 1, 2, 128, 254, 255]

  func written(
    _ normalization: Normalization, plane: Int, row: Int, pixel: Int, count: Int
  ) throws -> [Float] {
    let image = try PixelBuffer(Self.pixels, width: 2, height: 1, channels: 3)
    var target = [Float](repeating: -9, count: count)
    target.withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      normalization.write(
        image, to: base, planeStride: plane, rowStride: row, pixelStride: pixel)
    }
    return target
  }

  @Test func `each step is rounded to Float`() throws {
    let mean = [0.485, 0.456, 0.406]
    let std = [0.229, 0.224, 0.225]
    let normalization = try Normalization(order: .rgb, mean: mean, std: std)
    let values = try written(normalization, plane: 2, row: 2, pixel: 1, count: 6)
    for (index, pixel) in Self.pixels.enumerated() {
      let channel = index % 3
      let unit = Float(pixel) / 255
      let expected = (unit - Float(mean[channel])) / Float(std[channel])
      #expect(values[channel * 2 + index / 3] == expected)
    }
  }

  @Test func `BGR turns the channels round and strides leave gaps`() throws {
    let normalization = try Normalization(order: .bgr, mean: [0, 0, 0], std: [1, 1, 1])
    let values = try written(normalization, plane: 1, row: 8, pixel: 4, count: 8)
    let units = Self.pixels.map { Float($0) / 255 }
    #expect(values == [units[2], units[1], units[0], -9, units[5], units[4], units[3], -9])
  }

  @Test func `counts that do not fit the channels are refused`() {
    for (mean, std) in [([0.5], [0.5]), ([0, 0, 0], [1, 1, 0]), ([0, 0, .nan], [1, 1, 1])] {
      let fault = #expect(throws: Fault.self) {
        try Normalization(order: .rgb, mean: mean, std: std)
      }
      #expect(fault?.code == .modelInvalid)
    }
  }
}
