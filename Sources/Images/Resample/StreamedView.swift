internal import CImageCodecs
import Faults

#if canImport(Glibc)
import Glibc
#endif

/// A model's view of an image that is made while the image is decoded, row by row.
///
/// The bytes are those of `PixelBuffer.modelView`: every row is resampled along x as soon as it is
/// there, and the narrow rows along y at the end. An image that lies on its side is resampled
/// along its stored rows instead, within a window of as many rows as one output column needs.
final class StreamedView {
  private let geometry: InputGeometry
  private let orientation: Orientation
  private let turned: (columns: Bool, rows: Bool)
  private let stored: PixelSize
  private let columnTaps: Taps?
  private let rowTaps: Taps?
  /// The upright rows that the view needs.
  private let rows: Range<Int>
  /// The stored pixels that the view is made of.
  let window: PixelRect
  /// The view's columns of the needed rows.
  private let narrow: PixelBuffer
  /// One band of stored rows, or the window of an image on its side, with room for vector loads.
  private let scratch: PixelBuffer
  private let level: Int32
  private var received = 0
  private var held = Held()

  /// The stored rows that `scratch` holds for an image on its side.
  private struct Held {
    var first = 0
    var count = 0
    /// The next output column in the order of arrival.
    var nextColumn = 0
  }

  private static let bandRows = 16

  /// - Parameter filter: any but `nearest`.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  init(
    _ header: ImageHeader, _ geometry: InputGeometry, _ filter: ResampleFilter,
    level: Int32 = CodecLevel.best
  ) throws(Fault) {
    precondition(filter != .nearest)
    let (upright, resized, crop) = (geometry.upright, geometry.resized, geometry.crop)
    precondition(upright == PixelSize(width: header.uprightWidth, height: header.uprightHeight))
    self.geometry = geometry
    self.orientation = header.orientation
    self.stored = PixelSize(width: header.width, height: header.height)
    self.level = level
    turned = header.orientation.turnedSides
    let taps =
      resized.width == upright.width
      ? nil : Taps(filter, from: upright.width, to: resized.width, range: crop.columns)
    columnTaps = orientation.swapsSides ? taps : taps?.forRows(channels: 3)
    rowTaps =
      resized.height == upright.height
      ? nil : Taps(filter, from: upright.height, to: resized.height, range: crop.rows)
    rows = rowTaps?.inputRange ?? crop.rows
    window = header.orientation.storedRect(
      columns: columnTaps?.inputRange ?? crop.columns, rows: rows, of: upright)
    narrow = try PixelBuffer(
      uninitializedWidth: crop.width, height: max(rows.count, 1), channels: 3)
    let longest = columnTaps.map { Int($0.count.max() ?? 1) } ?? 1
    scratch = try PixelBuffer(
      uninitializedWidth: stored.width,
      height: orientation.swapsSides ? 2 * longest + Self.bandRows : Self.bandRows, channels: 3)
  }

  /// Takes the next `count` stored rows; those before and behind the window may be missing.
  func accept(_ bytes: UnsafeRawPointer, rowBytes: Int, first: Int, count: Int) {
    precondition(received == 0 ? first <= window.y : first == received)
    if received == 0 { held.first = first }
    received = first + count
    var done = 0
    while done < count {
      let part = min(Self.bandRows, count - done)
      let from = bytes + done * rowBytes
      if orientation.swapsSides {
        hold(from, rowBytes: rowBytes, first: first + done, count: part)
      } else {
        narrowBand(from, rowBytes: rowBytes, first: first + done, count: part)
      }
      done += part
    }
  }

  /// The view, once all rows have come.
  /// - Parameter pad: as in `PixelBuffer.modelView`.
  /// - Throws: `Fault` with code `resource.exhausted` without memory.
  func finish(pad: [UInt8]? = nil) throws(Fault) -> PixelBuffer {
    precondition(received >= window.y + window.height)
    guard let rowTaps else { return try narrow.padded(for: geometry, pad: pad) }
    let result = try PixelBuffer(
      uninitializedWidth: geometry.crop.width, height: geometry.crop.height, channels: 3)
    rowTaps.withC {
      ic_resample_columns(
        bytes(narrow), narrow.rowBytes, Int32(rows.lowerBound), bytes(result), result.rowBytes,
        Int32(result.rowBytes), $0, level)
    }
    withExtendedLifetime((narrow, result)) {}
    return try result.padded(for: geometry, pad: pad)
  }

  // MARK: Upright rows

  private func narrowBand(_ from: UnsafeRawPointer, rowBytes: Int, first: Int, count: Int) {
    for row in 0..<count {
      let y = uprightRow(first + row)
      guard rows.contains(y) else { continue }
      let line = bytes(scratch) + row * scratch.rowBytes
      copyRow(from + row * rowBytes, to: line)
      let target = bytes(narrow) + (y - rows.lowerBound) * narrow.rowBytes
      guard let columnTaps else {
        memcpy(target, line + geometry.crop.x * 3, narrow.rowBytes)
        continue
      }
      columnTaps.withC {
        ic_resample_rows(line, scratch.rowBytes, target, narrow.rowBytes, 1, 3, $0, level)
      }
    }
    withExtendedLifetime((scratch, narrow)) {}
  }

  private func uprightRow(_ row: Int) -> Int {
    turned.rows ? stored.height - 1 - row : row
  }

  private func copyRow(_ from: UnsafeRawPointer, to line: UnsafeMutablePointer<UInt8>) {
    guard turned.columns else {
      memcpy(line + window.x * 3, from + window.x * 3, window.width * 3)
      return
    }
    let source = from.assumingMemoryBound(to: UInt8.self)
    for x in window.columns {
      let mirrored = (stored.width - 1 - x) * 3
      line[mirrored] = source[x * 3]
      line[mirrored + 1] = source[x * 3 + 1]
      line[mirrored + 2] = source[x * 3 + 2]
    }
  }

  // MARK: Images on their side: stored rows are upright columns

  private func hold(_ from: UnsafeRawPointer, rowBytes: Int, first: Int, count: Int) {
    if held.count + count > scratch.height {
      let kept = held.count - max(firstNeededRow - held.first, 0)
      if kept > 0 {
        memmove(
          bytes(scratch), bytes(scratch) + (held.count - kept) * scratch.rowBytes,
          kept * scratch.rowBytes)
      }
      held.first += held.count - max(kept, 0)
      held.count = max(kept, 0)
    }
    for row in 0..<count {
      memcpy(
        bytes(scratch) + (held.count + row) * scratch.rowBytes + window.x * 3,
        from + row * rowBytes + window.x * 3, window.width * 3)
    }
    held.count += count
    while held.nextColumn < geometry.crop.width, lastNeededRow < held.first + held.count {
      makeColumn()
      held.nextColumn += 1
    }
    withExtendedLifetime(scratch) {}
  }

  /// The column of the view that comes next.
  private var column: Int {
    turned.columns ? geometry.crop.width - 1 - held.nextColumn : held.nextColumn
  }

  /// The upright columns that the next column of the view is made from.
  private var source: Range<Int> {
    guard let columnTaps else {
      return geometry.crop.x + column..<geometry.crop.x + column + 1
    }
    let start = Int(columnTaps.first[column])
    return start..<start + Int(columnTaps.count[column])
  }

  private func storedRow(_ uprightColumn: Int) -> Int {
    turned.columns ? stored.height - 1 - uprightColumn : uprightColumn
  }

  private var firstNeededRow: Int {
    guard held.nextColumn < geometry.crop.width else { return stored.height }
    return storedRow(turned.columns ? source.upperBound - 1 : source.lowerBound)
  }

  private var lastNeededRow: Int {
    storedRow(turned.columns ? source.lowerBound : source.upperBound - 1)
  }

  private func makeColumn() {
    let step = turned.columns ? -scratch.rowBytes : scratch.rowBytes
    let start =
      bytes(scratch) + (storedRow(source.lowerBound) - held.first) * scratch.rowBytes
    guard let columnTaps else {
      place(start)
      return
    }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: scratch.rowBytes) { line in
      guard let line = line.baseAddress else { return }
      columnTaps.withC(position: column) {
        ic_resample_columns(
          start + window.x * 3, step, Int32(source.lowerBound), line + window.x * 3,
          scratch.rowBytes, Int32(window.width * 3), $0, level)
      }
      place(line)
    }
  }

  /// Writes a line of stored pixels into the next column of the narrow rows.
  private func place(_ line: UnsafePointer<UInt8>) {
    let target = bytes(narrow) + column * 3
    for y in rows {
      let from = line + (turned.rows ? stored.width - 1 - y : y) * 3
      let to = target + (y - rows.lowerBound) * narrow.rowBytes
      (to[0], to[1], to[2]) = (from[0], from[1], from[2])
    }
    withExtendedLifetime(narrow) {}
  }

  private func bytes(_ pixels: PixelBuffer) -> UnsafeMutablePointer<UInt8> {
    pixels.base.assumingMemoryBound(to: UInt8.self)
  }
}
