public import Faults

/// An 8-bit image in memory: rows from top to bottom without gaps, pixels left to right.
///
/// Copies share memory. Only the code that creates a buffer writes to it; from then on it is a value.
public struct PixelBuffer: Sendable {
  public let width: Int
  public let height: Int
  /// 3 for interleaved R, G, B; 1 for gray.
  public let channels: Int
  let memory: PixelMemory

  /// A new buffer whose pixels are undefined until written.
  /// - Throws: `Fault` with code `resource.exhausted` when the memory is not to be had.
  public init(uninitializedWidth width: Int, height: Int, channels: Int) throws(Fault) {
    precondition(width > 0 && height > 0 && (channels == 1 || channels == 3))
    let (pixels, tooMany) = width.multipliedReportingOverflow(by: height)
    let (byteCount, tooLarge) = pixels.multipliedReportingOverflow(by: channels)
    guard !tooMany, !tooLarge, let memory = PixelMemory(byteCount: byteCount) else {
      throw Fault(
        .resourceExhausted,
        "no memory for \(width) x \(height) pixels: use fewer workers or smaller images")
    }
    self.width = width
    self.height = height
    self.channels = channels
    self.memory = memory
  }

  /// A new buffer that holds a copy of `bytes`.
  public init(_ bytes: [UInt8], width: Int, height: Int, channels: Int) throws(Fault) {
    precondition(bytes.count == width * height * channels)
    try self.init(uninitializedWidth: width, height: height, channels: channels)
    bytes.withUnsafeBytes { source in
      if let start = source.baseAddress { base.copyMemory(from: start, byteCount: source.count) }
    }
  }

  public var rowBytes: Int { width * channels }
  public var byteCount: Int { rowBytes * height }

  /// The first byte; 64 bytes behind the last one are readable too.
  var base: UnsafeMutableRawPointer { memory.base }

  /// A copy of the pixels.
  public var bytes: [UInt8] {
    withBytes { Array($0) }
  }

  /// Calls `body` with the pixels, `rowBytes` to a row.
  public func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
  {
    defer { withExtendedLifetime(memory) {} }
    return try body(UnsafeRawBufferPointer(start: base, count: byteCount))
  }

  /// Calls `body` with the pixels for writing; only for the code that created the buffer.
  public func withMutableBytes<R, E: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(memory) {} }
    return try body(UnsafeMutableRawBufferPointer(start: base, count: byteCount))
  }
}
