internal import CImageCodecs
import Faults

/// Calls the C decoders.
enum Codec {
  private static let messageCapacity = 256

  /// Decodes upright pixels; of a JPEG at `1 / shrink` of its size, which `pixels` has then.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, into pixels: PixelBuffer,
    _ options: DecodeOptions, shrink: Int = 1
  ) throws(Fault) -> DecodedImage.Outcome {
    var output = destination(header, pixels)
    output.shrink = Int32(shrink)
    defer { withExtendedLifetime(pixels) {} }
    return try decode(bytes, header, output, options)
  }

  /// Decodes stored rows one band after the other into `view`, upright or not.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, into view: StreamedView,
    _ options: DecodeOptions
  ) throws(Fault) -> DecodedImage.Outcome {
    let output = ic_output(
      base: nil, x_step: 0, y_step: 0, width: Int32(header.width), height: Int32(header.height),
      shrink: 1,
      sink: { context, rows, rowBytes, y, count in
        guard let context, let rows else { return }
        Unmanaged<StreamedView>.fromOpaque(context).takeUnretainedValue()
          .accept(UnsafeRawPointer(rows), rowBytes: rowBytes, first: Int(y), count: Int(count))
      }, context: Unmanaged.passUnretained(view).toOpaque(),
      window: ic_window(
        x: Int32(view.window.x), y: Int32(view.window.y), width: Int32(view.window.width),
        height: Int32(view.window.height)))
    defer { withExtendedLifetime(view) {} }
    return try decode(bytes, header, output, options)
  }

  private static func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, _ target: ic_output,
    _ options: DecodeOptions
  ) throws(Fault) -> DecodedImage.Outcome {
    var limits = ic_limits(
      codec_bytes: Int64(options.limits.maxCodecBytes),
      cpu_ns: Int64(min(max(options.limits.cpuSeconds, 0), 1e9) * 1e9),
      max_side: Int32(clamping: options.limits.maxSide),
      max_scans: Int32(clamping: options.limits.maxScans),
      keep_partial: options.truncated == .pad ? 1 : 0)
    var output = target
    var decoded = ic_decoded()
    var message = [CChar](repeating: 0, count: messageCapacity)
    let start = bytes.bindMemory(to: UInt8.self).baseAddress
    let status =
      switch header.layout {
      case .jpeg:
        ic_jpeg_decode(
          start, bytes.count, &limits, &output, &decoded, &message, messageCapacity)
      case .tiff(let layout):
        layout.withC { layout in
          ic_tiff_decode(
            start, bytes.count, &limits, layout, &output, &decoded, &message, messageCapacity)
        }
      case .png, .bmp:
        ic_png_decode(
          start, bytes.count, &limits, &output, &decoded, &message, messageCapacity)
      }
    guard status == IC_OK else {
      throw fault(status, text(message), row: Int(decoded.rows), header)
    }
    return DecodedImage.Outcome(
      partial: decoded.partial != 0, consumed: decoded.consumed > 0 ? decoded.consumed : nil)
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func fault(
    _ status: Int32, _ message: String, row: Int, _ header: ImageHeader
  ) -> Fault {
    let place = row > 0 ? " (row \(row) of \(header.height))" : ""
    let what = message + place
    switch Int(status) {
    case Int(IC_NO_MEMORY):
      return Fault(
        .imageTooLarge, "decoding the image takes too much memory: \(what)",
        details: ["reason": .string("memory")])
    case Int(IC_DEADLINE): return .undecodable(what, reason: "deadline", row: row)
    case Int(IC_SCAN_LIMIT): return .undecodable(what, reason: "scan_limit", row: row)
    case Int(IC_TRUNCATED): return .undecodable(what, reason: "truncated", row: row)
    case Int(IC_UNSUPPORTED): return .undecodable(what, reason: "unsupported", row: row)
    default: return .undecodable(what, row: row)
    }
  }

  /// Steps that put stored pixels upright while they are written.
  private static func destination(_ header: ImageHeader, _ pixels: PixelBuffer) -> ic_output {
    let row = pixels.rowBytes
    let right = 3 * (pixels.width - 1)
    let bottom = row * (pixels.height - 1)
    let (start, xStep, yStep) =
      switch header.orientation {
      case .upright: (0, 3, row)
      case .mirrored: (right, -3, row)
      case .rotated180: (bottom + right, -3, -row)
      case .flipped: (bottom, 3, -row)
      case .transposed: (0, row, 3)
      case .rotated90: (right, row, -3)
      case .transversed: (bottom + right, -row, -3)
      case .rotated270: (bottom, -row, 3)
      }
    return ic_output(
      base: (pixels.base + start).assumingMemoryBound(to: UInt8.self), x_step: xStep, y_step: yStep,
      width: Int32(header.width), height: Int32(header.height), shrink: 1, sink: nil, context: nil,
      window: ic_window())
  }
}
