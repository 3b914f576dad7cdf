/// A file type that content or a file name can be recognised as.
public enum MediaType: String, Sendable, Hashable, CaseIterable {
  case jpeg, png, tiff, bmp
  case gif, webp
  case svg, html, xml, pdf, heic, avif, jpeg2000, jpegxl, icon, photoshop, netpbm, openexr, dds, qoi
  case zip, gzip, bzip2, xz
  case sevenZip = "7z"
  case rar
  case numpy
  case bitmapArray = "bmp_array"

  /// The format that decodes this type, nil where there is none.
  public var format: ImageFormat? { ImageFormat(rawValue: rawValue) }

  /// Raster images that people rename into one another.
  var isRaster: Bool { format != nil || self == .gif || self == .webp }

  /// The type a file name's extension declares (any case, without its dot); nil for unknown ones.
  public init?(fileExtension: String) {
    guard let type = Self.extensions[fileExtension.lowercased()] else { return nil }
    self = type
  }

  private static let extensions: [String: MediaType] = [
    "jpg": .jpeg, "jpeg": .jpeg, "jpe": .jpeg, "jfif": .jpeg, "jif": .jpeg, "mpo": .jpeg,
    "png": .png, "apng": .png, "tif": .tiff, "tiff": .tiff, "bmp": .bmp, "dib": .bmp,
    "gif": .gif, "webp": .webp, "svg": .svg, "html": .html, "htm": .html, "xml": .xml,
    "pdf": .pdf, "heic": .heic, "heif": .heic, "avif": .avif, "jp2": .jpeg2000,
    "j2k": .jpeg2000, "jxl": .jpegxl, "ico": .icon, "cur": .icon, "psd": .photoshop,
    "pbm": .netpbm, "pgm": .netpbm, "ppm": .netpbm, "pnm": .netpbm, "exr": .openexr, "dds": .dds,
    "qoi": .qoi, "zip": .zip, "gz": .gzip, "bz2": .bzip2, "xz": .xz, "7z": .sevenZip, "rar": .rar,
    "npy": .numpy, "npz": .zip,
  ]
}

/// A format that can be decoded.
public enum ImageFormat: String, Sendable, Hashable, CaseIterable {
  case jpeg, png, tiff, bmp

  /// The type with the same name.
  public var mediaType: MediaType {
    switch self {
    case .jpeg: .jpeg
    case .png: .png
    case .tiff: .tiff
    case .bmp: .bmp
    }
  }
}
