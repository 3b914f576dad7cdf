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
  /// How far pixels are from the slope at most: 0 leaves nearly all coefficients zero.
  var noise = 80

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
      for y in 0..<height {
        var row = row(y)
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
      let rough = noise == 0 ? 0 : Int(PNGWriterTests.noise(y * 4111 + place)) % noise
      return UInt8(clamping: slope + rough)
    }
  }
}
