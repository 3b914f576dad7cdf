import Faults

extension ImageHeader {
  /// The format of the content, refused when it is none of ours or not the declared one.
  static func checkedFormat(
    _ bytes: UnsafeRawBufferPointer, declared: MediaType?
  ) throws(Fault) -> ImageFormat {
    guard let sniffed = MediaType(sniffing: bytes) else {
      throw Fault(
        .imageInvalidFormat, bytes.isEmpty ? "the file is empty" : "the file is not an image",
        details: details(declared, nil))
    }
    if !sniffed.isRaster {
      throw Fault(
        .mediaUnsupported,
        "the file is \(sniffed.rawValue): convert it to JPEG, PNG, TIFF or BMP",
        details: details(declared, sniffed))
    }
    if let declared, declared != sniffed {
      throw Fault(
        .imageInvalidFormat,
        "the file is declared \(declared.rawValue) and holds \(sniffed.rawValue): rename it",
        details: details(declared, sniffed))
    }
    guard let format = sniffed.format else {
      throw Fault(
        .imageAnimatedNotSupported,
        "\(sniffed.rawValue) may be animated and is not read: convert it to PNG",
        details: details(declared, sniffed))
    }
    return format
  }

  private static func details(
    _ declared: MediaType?, _ sniffed: MediaType?
  ) -> [String: Fault.Detail] {
    var details: [String: Fault.Detail] = ["sniffed": .string(sniffed?.rawValue ?? "unknown")]
    if let declared { details["declared"] = .string(declared.rawValue) }
    return details
  }
}

extension Fault {
  /// A fault of the pixels' code: a right type that will not decode.
  static func undecodable(_ what: String, reason: String = "corrupt", row: Int? = nil) -> Fault {
    var fault = Fault(
      .imageDecodingFailed, "the image cannot be decoded: \(what)",
      details: ["reason": .string(reason)])
    if let row { fault.details["row"] = .int(row) }
    return fault
  }

  /// A variant of a known format that is not read.
  static func unsupportedVariant(
    _ what: String, _ key: String, _ value: Detail
  ) -> Fault {
    Fault(
      .mediaUnsupported, "\(what) is not supported: convert the image to PNG",
      details: [key: value])
  }
}
