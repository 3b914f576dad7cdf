internal import CImageCodecs
public import Faults

extension PixelBuffer {
  /// Scales the image to `size` and returns the pixels of `crop`, in coordinates of the scaled image.
  ///
  /// Equal byte for byte to Pillow's `Image.resize` followed by `Image.crop`; only what the crop
  /// needs is computed. `crop` must lie inside the scaled image.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  public func resized(
    to size: PixelSize, filter: ResampleFilter = .bilinear, crop: PixelRect? = nil
  ) throws(Fault) -> PixelBuffer {
    try resized(to: size, filter: filter, crop: crop, level: CodecLevel.best)
  }

  func resized(
    to size: PixelSize, filter: ResampleFilter, crop: PixelRect?, level: Int32
  ) throws(Fault) -> PixelBuffer {
    let crop = crop ?? PixelRect(x: 0, y: 0, width: size.width, height: size.height)
    precondition(crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0)
    precondition(crop.x + crop.width <= size.width && crop.y + crop.height <= size.height)
    if size == self.size { return try cropped(to: crop) }
    if filter == .nearest { return try nearest(to: size, crop: crop) }
    if size.height == height {
      return try resampledRows(
        crop.y..<crop.y + crop.height, to: size.width, filter, crop.columns, level)
    }
    let taps = Taps(filter, from: height, to: size.height, range: crop.rows)
    let rows = taps.inputRange
    let wide =
      size.width == width
      ? self : try resampledRows(rows, to: size.width, filter, crop.columns, level)
    let firstRow = size.width == width ? 0 : rows.lowerBound
    let firstColumn = size.width == width ? crop.x : 0
    let result = try PixelBuffer(
      uninitializedWidth: crop.width, height: crop.height, channels: channels)
    taps.withC {
      ic_resample_columns(
        wide.start + firstColumn * channels, wide.rowBytes, Int32(firstRow), result.start,
        result.rowBytes, Int32(result.rowBytes), $0, level)
    }
    withExtendedLifetime((self, wide, result)) {}
    return result
  }

  /// The output positions of both axes' weights.
  func resampled(_ columnTaps: Taps, _ rowTaps: Taps) throws(Fault) -> PixelBuffer {
    let level = CodecLevel.best
    let rows = rowTaps.inputRange
    let narrow = try PixelBuffer(
      uninitializedWidth: columnTaps.first.count, height: rows.count, channels: channels)
    let result = try PixelBuffer(
      uninitializedWidth: columnTaps.first.count, height: rowTaps.first.count, channels: channels)
    columnTaps.forRows(channels: channels).withC {
      ic_resample_rows(
        start + rows.lowerBound * rowBytes, rowBytes, narrow.start, narrow.rowBytes,
        Int32(rows.count), Int32(channels), $0, level)
    }
    rowTaps.withC {
      ic_resample_columns(
        narrow.start, narrow.rowBytes, Int32(rows.lowerBound), result.start, result.rowBytes,
        Int32(result.rowBytes), $0, level)
    }
    withExtendedLifetime((self, narrow, result)) {}
    return result
  }

  /// The columns `columns` of the rows `rows` of the image scaled to another width.
  private func resampledRows(
    _ rows: Range<Int>, to newWidth: Int, _ filter: ResampleFilter, _ columns: Range<Int>,
    _ level: Int32
  ) throws(Fault) -> PixelBuffer {
    let result = try PixelBuffer(
      uninitializedWidth: columns.count, height: rows.count, channels: channels)
    let taps = Taps(filter, from: width, to: newWidth, range: columns)
    taps.forRows(channels: channels).withC {
      ic_resample_rows(
        start + rows.lowerBound * rowBytes, rowBytes, result.start, result.rowBytes,
        Int32(rows.count), Int32(channels), $0, level)
    }
    withExtendedLifetime((self, result)) {}
    return result
  }

  /// The pixels of `crop`.
  public func cropped(to crop: PixelRect) throws(Fault) -> PixelBuffer {
    precondition(crop.x >= 0 && crop.y >= 0 && crop.width > 0 && crop.height > 0)
    precondition(crop.x + crop.width <= width && crop.y + crop.height <= height)
    if crop == PixelRect(x: 0, y: 0, width: width, height: height) { return self }
    let result = try PixelBuffer(
      uninitializedWidth: crop.width, height: crop.height, channels: channels)
    for row in 0..<crop.height {
      (result.base + row * result.rowBytes).copyMemory(
        from: base + (crop.y + row) * rowBytes + crop.x * channels, byteCount: result.rowBytes)
    }
    withExtendedLifetime((self, result)) {}
    return result
  }

  private func nearest(to size: PixelSize, crop: PixelRect) throws(Fault) -> PixelBuffer {
    let columns = Self.nearestPositions(from: width, to: size.width)
    let rows = Self.nearestPositions(from: height, to: size.height)
    let result = try PixelBuffer(
      uninitializedWidth: crop.width, height: crop.height, channels: channels)
    for y in 0..<crop.height {
      let source = start + rows[crop.y + y] * rowBytes
      let target = result.start + y * result.rowBytes
      for x in 0..<crop.width {
        for channel in 0..<channels {
          target[x * channels + channel] = source[columns[crop.x + x] * channels + channel]
        }
      }
    }
    withExtendedLifetime((self, result)) {}
    return result
  }

  /// Input positions under the centres of the output positions, summed up step by step as Pillow does.
  private static func nearestPositions(from inputSize: Int, to outputSize: Int) -> [Int] {
    let step = Double(inputSize) / Double(outputSize)
    var position = step * 0.5
    return (0..<outputSize).map { _ in
      defer { position += step }
      return min(Int(position), inputSize - 1)
    }
  }

  private var start: UnsafeMutablePointer<UInt8> { base.assumingMemoryBound(to: UInt8.self) }
}
