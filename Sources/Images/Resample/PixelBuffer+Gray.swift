public import Faults

extension PixelBuffer {
  /// The luminance (ITU-R 601-2) of an RGB image, equal to Pillow's `convert("L")`.
  public func gray() throws(Fault) -> PixelBuffer {
    if channels == 1 { return self }
    let result = try PixelBuffer(uninitializedWidth: width, height: height, channels: 1)
    withBytes { rgb in
      result.withMutableBytes { gray in
        for pixel in 0..<gray.count {
          let red = UInt32(rgb[pixel * 3]) * 19595
          let green = UInt32(rgb[pixel * 3 + 1]) * 38470
          let blue = UInt32(rgb[pixel * 3 + 2]) * 7471
          gray[pixel] = UInt8((red + green + blue + 0x8000) >> 16)
        }
      }
    }
    return result
  }

  /// The picture with three channels: a gray one repeats its own.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func rgb() throws(Fault) -> PixelBuffer {
    if channels == 3 { return self }
    precondition(channels == 1)
    let result = try PixelBuffer(uninitializedWidth: width, height: height, channels: 3)
    withBytes { source in
      result.withMutableBytes { target in
        for (pixel, level) in source.enumerated() {
          for channel in 0..<3 { target[3 * pixel + channel] = level }
        }
      }
    }
    return result
  }
}
