import Digests
import Execution
public import Faults
public import Images
import Models
import Requests
import Tensors

extension Classifier {
  /// Validates, decodes, orients, scales and crops one image, or takes an array as it is.
  ///
  /// An `.npy` file holds either a model input, floating-point [C, H, W] or [1, C, H, W], channels
  /// last where the model's are (integers where it takes them), or an RGB image, uint8 [H, W, 3].
  /// - Parameters:
  ///   - sha256: the digest of the bytes in hexadecimal; `nil` to compute it.
  ///   - declared: the type that the file name or the sender states.
  ///   - label: the class the sender says it shows, for the target `label`.
  /// - Throws: `Fault` as the contract's validation table has it.
  public func prepare(
    _ bytes: [UInt8], sha256: String? = nil, declared: MediaType? = nil, label: String? = nil
  ) throws(Fault) -> PreparedInput {
    let digest = sha256 ?? SHA256.hex(of: bytes)
    let started = milliseconds()
    if bytes.withUnsafeBytes({ NPY.isNPY($0) }) {
      return try prepareArray(bytes, digest, label, started)
    }
    return try bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) in
        let header = try ImageHeader.read(raw, declared: declared, options: request.decoding)
        return try prepareFile(raw, header, digest, label, started)
      }
    }.get()
  }

  /// Prepares an input for this classifier and another one, decoding it once in exact mode.
  /// - Throws: `Fault` as `prepare` does; what the other one alone makes of it is its own result.
  public func prepare(
    _ bytes: [UInt8], sha256: String? = nil, declared: MediaType? = nil, label: String? = nil,
    beside other: Classifier
  ) throws(Fault) -> (input: PreparedInput, other: Result<PreparedInput, Fault>) {
    let digest = sha256 ?? SHA256.hex(of: bytes)
    if bytes.withUnsafeBytes({ NPY.isNPY($0) }) || request.decoding.mode == .fast {
      let input = try prepare(bytes, sha256: digest, declared: declared, label: label)
      let second = Result { () throws(Fault) in
        try other.prepare(bytes, sha256: digest, declared: declared, label: label)
      }
      return (input, second)
    }
    let started = milliseconds()
    let decoded = try bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) in
        try DecodedImage.decode(raw, declared: declared, options: request.decoding)
      }
    }.get()
    let source = { (resized: PixelSize?) in
      SourceFacts(
        decoded.header, digest, bytes.count, warnings: decoded.warnings, resized: resized,
        partial: decoded.partial)
    }
    let input = try prepareImage(decoded.image, label, started, facts: source)
    let second = Result { () throws(Fault) in
      try other.prepareImage(decoded.image, label, started, facts: source)
    }
    return (input, second)
  }

  private func prepareFile(
    _ raw: UnsafeRawBufferPointer, _ header: ImageHeader, _ digest: String, _ label: String?,
    _ started: Double
  ) throws(Fault) -> PreparedInput {
    func facts(
      _ warnings: [String], resized: PixelSize? = nil, shrink: Int = 1, partial: Bool = false
    ) -> SourceFacts {
      SourceFacts(
        header, digest, raw.count, warnings: warnings, resized: resized, shrink: shrink,
        partial: partial)
    }
    let reduced = request.resizeLongestSide.map(header.uprightSize.fitting(longestSide:))
    let target =
      if let reduced { reduced } else { try geometry(of: header.uprightSize).resized }
    let shrink = header.shrink(for: target, request.decoding)
    if shrink == 1, reduced == nil || reduced == header.uprightSize,
      let streamed = try stream(raw, header)
    {
      return PreparedInput(
        source: facts(streamed.decoded.warnings),
        decodeMilliseconds: milliseconds() - started, preprocessMilliseconds: 0,
        content: .image(view: streamed.decoded.view, geometry: streamed.geometry, upright: nil),
        label: label)
    }
    let decoded = try DecodedImage.decode(
      raw, header: header, options: request.decoding, shrink: shrink)
    // What the model sees does not depend on whether the photo is drawn too.
    let photo =
      shrink > 1 && keepsUpright && reduced == nil
      ? try DecodedImage.decode(raw, header: header, options: request.decoding).pixels : nil
    return try prepareImage(decoded.image, photo: photo, label, started) { resized in
      facts(decoded.warnings, resized: resized, shrink: shrink, partial: decoded.partial)
    }
  }

  /// The view of an image that nothing else is needed of, made while it is decoded.
  private func stream(
    _ raw: UnsafeRawBufferPointer, _ header: ImageHeader
  ) throws(Fault) -> (decoded: DecodedView, geometry: InputGeometry)? {
    guard !keepsUpright, model.spec.input.color != .gray else { return nil }
    let geometry = try geometry(of: header.uprightSize)
    let decoded = try DecodedView.decode(
      raw, header: header, options: request.decoding, geometry: geometry, filter: filter,
      pad: model.spec.input.padding)
    return decoded.map { ($0, geometry) }
  }

  /// Scales and crops an upright picture.
  /// - Parameter photo: the picture to draw over, where it is not `image`.
  func prepareImage(
    _ image: ShrunkImage, photo: PixelBuffer? = nil, _ label: String?, _ started: Double,
    facts: (PixelSize?) -> SourceFacts
  ) throws(Fault) -> PreparedInput {
    var upright = image
    var resized: PixelSize?
    if let side = request.resizeLongestSide {
      let size = image.fullSize.fitting(longestSide: side)
      if size != image.fullSize {
        upright = ShrunkImage(try image.resized(to: size, filter: .bilinear))
        resized = size
      }
    }
    let decodedAt = milliseconds()
    let geometry = try geometry(of: upright.fullSize)
    let color = model.spec.input.color == .gray ? try upright.gray() : upright
    let view = try color.modelView(geometry, filter: filter, pad: model.spec.input.padding)
    return PreparedInput(
      source: facts(resized), decodeMilliseconds: decodedAt - started,
      preprocessMilliseconds: milliseconds() - decodedAt,
      content: .image(
        view: view, geometry: geometry, upright: keepsUpright ? photo ?? upright.pixels : nil),
      label: label)
  }

  private var filter: ResampleFilter { ResampleFilter(model.spec.input.resize.filter) }

  private func geometry(of upright: PixelSize) throws(Fault) -> InputGeometry {
    try model.spec.input.geometry(of: upright)
  }

  /// Whether a heatmap is drawn over the image at its own size.
  private var keepsUpright: Bool {
    let options = request.gradCAM
    return options.enabled && options.overlay && options.resolution != .model
      && options.resolution != .cam && options.formats.contains(.png)
  }
}

extension SourceFacts {
  fileprivate init(
    _ header: ImageHeader, _ digest: String, _ byteCount: Int, warnings: [String],
    resized: PixelSize?, shrink: Int = 1, partial: Bool
  ) {
    self.init(
      sha256: digest, bytes: byteCount, format: header.format.rawValue, width: header.width,
      height: header.height, orientation: header.orientation.rawValue, resized: resized,
      shrink: shrink, warnings: warnings, partial: partial)
  }
}

extension ResizeRule {
  init(_ mode: ModelSpec.Resize.Mode) {
    switch mode {
    case .stretch: self = .stretch
    case .stretchTo(let width, let height): self = .exact(PixelSize(width: width, height: height))
    case .shortSide(let side): self = .shortSide(side)
    case .cover(let width, let height): self = .cover(PixelSize(width: width, height: height))
    case .contain(let width, let height): self = .contain(PixelSize(width: width, height: height))
    }
  }
}

extension CropRule {
  init(_ crop: ModelSpec.Crop) {
    switch crop {
    case .none: self = .none
    case .center: self = .center
    case .centerFloor: self = .centerFloor
    }
  }
}

extension ModelSpec.Input {
  /// The colour of padding in the order of pixels, which are RGB or gray.
  var padding: [UInt8]? {
    let values = pad?.map { UInt8(clamping: $0) }
    return color == .bgr ? values?.reversed() : values
  }
}

extension ResampleFilter {
  init(_ filter: ModelSpec.Resize.Filter) {
    switch filter {
    case .nearest: self = .nearest
    case .box: self = .box
    case .hamming: self = .hamming
    case .bilinear: self = .bilinear
    case .bicubic: self = .bicubic
    case .lanczos: self = .lanczos
    }
  }
}
