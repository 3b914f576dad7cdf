import CLibJPEG

#if canImport(Glibc)
import Glibc
#endif

/// A JPEG of noise over a slope, written by the library that reads it.
struct SampleJPEG {
  var width = 203
  var height = 157
  /// 1 gray, 3 YCbCr, 4 CMYK.
  var components = 3
  /// Of the first component; the others have 1 x 1.
  var sampling: (horizontal: Int32, vertical: Int32) = (2, 2)
  var progressive = false
  /// One scan per component.
  var separate = false
  var arithmetic = false
  /// In rows of blocks; 0 for none.
  var restartRows: Int32 = 0
  var quality: Int32 = 85
  /// Rows from here on repeat the texture of the first one or, in the lower half, one colour; quickly made.
  var repeatsFrom = Int.max

  var bytes: [UInt8] {
    // The library keeps these addresses.
    let codec = UnsafeMutablePointer<jpeg_compress_struct>.allocate(capacity: 1)
    let errors = UnsafeMutablePointer<jpeg_error_mgr>.allocate(capacity: 1)
    let memory = UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>.allocate(capacity: 1)
    let length = UnsafeMutablePointer<UInt>.allocate(capacity: 1)
    (codec.pointee, errors.pointee) = (jpeg_compress_struct(), jpeg_error_mgr())
    (memory.pointee, length.pointee) = (nil, 0)
    codec.pointee.err = jpeg_std_error(errors)
    jpeg_CreateCompress(codec, JPEG_LIB_VERSION, MemoryLayout<jpeg_compress_struct>.size)
    jpeg_mem_dest(codec, memory, length)
    defer {
      jpeg_destroy_compress(codec)
      free(memory.pointee)
      codec.deallocate()
      errors.deallocate()
      memory.deallocate()
      length.deallocate()
    }
    describe(codec)
    var scans = (0..<components).map { component in
      var scan = jpeg_scan_info()
      scan.comps_in_scan = 1
      scan.component_index.0 = Int32(component)
      scan.Se = 63
      return scan
    }
    scans.withUnsafeMutableBufferPointer { scans in
      if separate {
        codec.pointee.scan_info = UnsafePointer(scans.baseAddress)
        codec.pointee.num_scans = Int32(scans.count)
      }
      jpeg_start_compress(codec, boolean(1))
      let texture = row(0) + row(0)
      for y in 0..<height {
        var row = y < repeatsFrom ? row(y) : repeated(texture, y)
        row.withUnsafeMutableBufferPointer { row in
          var pointer = row.baseAddress
          _ = jpeg_write_scanlines(codec, &pointer, 1)
        }
      }
      jpeg_finish_compress(codec)
    }
    return Array(UnsafeBufferPointer(start: memory.pointee, count: Int(length.pointee)))
  }

  private func describe(_ codec: UnsafeMutablePointer<jpeg_compress_struct>) {
    codec.pointee.image_width = JDIMENSION(width)
    codec.pointee.image_height = JDIMENSION(height)
    codec.pointee.input_components = Int32(components)
    codec.pointee.in_color_space = [1: JCS_GRAYSCALE, 3: JCS_RGB][components] ?? JCS_CMYK
    jpeg_set_defaults(codec)
    jpeg_set_quality(codec, quality, boolean(1))
    codec.pointee.comp_info[0].h_samp_factor = sampling.horizontal
    codec.pointee.comp_info[0].v_samp_factor = sampling.vertical
    codec.pointee.restart_in_rows = restartRows
    codec.pointee.arith_code = boolean(arithmetic ? 1 : 0)
    if progressive { jpeg_simple_progression(codec) }
  }

  private func row(_ y: Int) -> [UInt8] {
    (0..<width * components).map { place in
      let (x, component) = (place / components, place % components)
      let slope = 150 * (x + (component + 1) * y) / (width + components * height)
      return UInt8(clamping: slope + Int(PNGWriterTests.noise(y * 4111 + place)) % 80)
    }
  }

  private func repeated(_ texture: [UInt8], _ y: Int) -> [UInt8] {
    let count = width * components
    let start = y * 7919 % count
    return y > height / 2
      ? [UInt8](repeating: 90, count: count) : Array(texture[start..<start + count])
  }

  /// What the library makes of a file without anything of ours: R, G, B.
  static func reference(_ bytes: [UInt8]) -> [UInt8] {
    let codec = UnsafeMutablePointer<jpeg_decompress_struct>.allocate(capacity: 1)
    let errors = UnsafeMutablePointer<jpeg_error_mgr>.allocate(capacity: 1)
    (codec.pointee, errors.pointee) = (jpeg_decompress_struct(), jpeg_error_mgr())
    codec.pointee.err = jpeg_std_error(errors)
    jpeg_CreateDecompress(codec, JPEG_LIB_VERSION, MemoryLayout<jpeg_decompress_struct>.size)
    defer {
      jpeg_destroy_decompress(codec)
      codec.deallocate()
      errors.deallocate()
    }
    return bytes.withUnsafeBufferPointer { source in
      jpeg_mem_src(codec, source.baseAddress, UInt(source.count))
      jpeg_read_header(codec, boolean(1))
      codec.pointee.out_color_space = JCS_RGB
      jpeg_start_decompress(codec)
      let (width, height) = (Int(codec.pointee.output_width), Int(codec.pointee.output_height))
      return [UInt8](unsafeUninitializedCapacity: width * height * 3) { pixels, count in
        for y in 0..<height {
          var row = pixels.baseAddress.map { $0 + y * width * 3 }
          count += width * 3 * Int(jpeg_read_scanlines(codec, &row, 1))
        }
        jpeg_finish_decompress(codec)
      }
    }
  }
}
