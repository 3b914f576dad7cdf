import Faults
import Testing

@testable import Images

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

  @Test(arguments: ColorOrder.allCases)
  func `every instruction set gives the bits of the formula`(_ order: ColorOrder) throws {
    let mean = Array([0.485, 0.456, 0.406].prefix(order.channels))
    let std = Array([0.229, -0.224, 0.225].prefix(order.channels))
    let normalization = try Normalization(order: order, mean: mean, std: std)
    for width in Array(1...68) + [127, 128, 224] {
      let (height, pixel, row) = (2, width % 3 == 0 ? order.channels : 1, width * 3 + 5)
      let samples = (0..<width * height * order.channels).map(PNGWriterTests.noise)
      let image = try PixelBuffer(samples, width: width, height: height, channels: order.channels)
      let plane = row * height
      var expected = [Float](repeating: -9, count: plane * order.channels)
      for (index, sample) in samples.enumerated() {
        let (place, stored) = index.quotientAndRemainder(dividingBy: order.channels)
        let channel = order == .bgr ? 2 - stored : stored
        let target = channel * plane + place / width * row + place % width * pixel
        expected[target] = (Float(sample) / 255 - Float(mean[channel])) / Float(std[channel])
      }
      for level in 0...CodecLevel.best {
        var values = [Float](repeating: -9, count: plane * order.channels)
        values.withUnsafeMutableBufferPointer { values in
          guard let base = values.baseAddress else { return }
          normalization.write(
            image, to: base, planeStride: plane, rowStride: row, pixelStride: pixel, level: level)
        }
        #expect(values == expected, "level \(level), width \(width)")
      }
    }
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
