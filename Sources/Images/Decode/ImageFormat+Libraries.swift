internal import CImageCodecs

extension ImageFormat {
  /// The libraries that decode images, with their versions.
  public static var libraryVersions: [String] {
    var text = [CChar](repeating: 0, count: 256)
    ic_codec_versions(&text, text.count)
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
