import Digests
import Faults
import FileAccess
import Images
import Inference
import JSON
import Models
import Requests
import Tensors

/// Draws the stored maps of single results of a run.
struct RunRenderer: Sendable {
  private let directory: RunDirectory
  private let request: RenderRequest
  private let options: RequestOptions
  private let input: ModelSpec.Input
  private let decoding: DecodeOptions
  private let layout: HeatmapLayout
  private let reader: InputReader
  var runMaximum: Float?

  var workers: Int { max(1, request.workers) }

  /// Reads the maps of the run; each thread has its own.
  func makeFiles() -> HeatmapFiles { HeatmapFiles(directory) }

  init(
    _ directory: RunDirectory, _ specification: RunSpecification, _ request: RenderRequest
  ) throws(Fault) {
    let fingerprint = specification.fingerprint.json
    self.directory = directory
    self.request = request
    do throws(Fault) {
      input = try ModelSpec(recorded: fingerprint["model"]?["spec"] ?? .null).input
    } catch {
      throw error.prefixed(directory.specification.display)
    }
    var options = RequestOptions()
    var fields = JSONFields(fingerprint["grad_cam"] ?? .object([:]))
    options.gradCAM.update(from: &fields)
    options.resizeLongestSide = fingerprint["resize"]?["longest_side"]?.int
    self.options = options
    decoding = Self.decoding(fingerprint)
    layout = specification.fingerprint.layout ?? .names
    reader = InputReader(request.access, limit: decoding.limits.maxBytes)
  }

  private static func decoding(_ fingerprint: JSONValue) -> DecodeOptions {
    var decoding = DecodeOptions()
    let limits = fingerprint["limits"]
    if let value = limits?["max_bytes"]?.int { decoding.limits.maxBytes = value }
    if let value = limits?["max_side"]?.int { decoding.limits.maxSide = value }
    if let value = limits?["max_pixels"]?.int { decoding.limits.maxPixels = value }
    if let value = limits?["max_scans"]?.int { decoding.limits.maxScans = value }
    if let value = limits?["cpu_seconds"]?.double { decoding.limits.cpuSeconds = value }
    if let value = limits?["max_codec_bytes"]?.int { decoding.limits.maxCodecBytes = value }
    decoding.truncated = fingerprint["decoding"]?["on_truncated"] == "pad" ? .pad : .fail
    decoding.page = fingerprint["decoding"]?["page"]?.int
    return decoding
  }

  /// Whether maps are divided by the largest value of all.
  var needsRunMaximum: Bool {
    var changed = options.gradCAM
    request.change(&changed)
    return changed.normalize == .run
  }

  /// The maps of single classes that a result tells of.
  static func maps(of result: JSONValue) -> [JSONValue] {
    let maps = result["result"]?["heatmaps"]?.array ?? [result["result"]?["heatmap"] ?? .null]
    return maps.filter { $0["raw"]?["path"]?.string != nil && $0["target"]?["index"] != nil }
  }

  /// Draws the maps of a result.
  /// - Returns: what was written, an object for each file; nothing for a result without maps.
  /// - Parameter files: where maps are read; of the thread that calls.
  func render(
    _ result: JSONValue, _ item: InputItem?, from files: HeatmapFiles
  ) throws(Fault) -> [JSONValue] {
    let maps = Self.maps(of: result)
    guard let id = result["id"]?.string, !maps.isEmpty else { return [] }
    var own = options
    if let item, let fault = Fault(item.options.apply(to: &own)) { throw fault }
    let namesClass = own.gradCAM.explainsSeveral
    request.change(&own.gradCAM)
    let formats = request.formats ?? own.gradCAM.formats
    let drawing = MapDrawing(own.gradCAM, input: input, runMaximum: runMaximum)
    // A tensor has no place in an image.
    let isImage = maps[0]["to_input"] != nil
    let upright = isImage ? Self.upright(result["source"]) : nil
    var picture: PixelBuffer?
    if own.gradCAM.overlay, formats.contains(.png), let upright {
      picture = try self.picture(of: item, result, upright)
    }
    var written: [JSONValue] = []
    var known: Set<Int> = []
    for map in maps {
      guard let target = map["target"], let index = target["index"]?.int,
        known.insert(index).inserted
      else { continue }
      let (values, height, width) = try values(of: map, classIndex: index, from: files)
      let stem =
        namesClass ? layout.stem(id: id, classID: target["id"]?.string ?? "") : layout.stem(id: id)
      let size = try drawing.size(height: height, width: width, upright: upright)
      for format in formats {
        let bytes = try drawing.draw(
          values, height: height, width: width, upright: upright, over: picture, as: format)
        let name = stem + format.fileSuffix
        try write(bytes, to: name)
        var members: [String: JSONValue] = [
          "id": .string(id), "seq": result["seq"] ?? .null, "path": .string(name),
          "sha256": .string(SHA256.hex(of: bytes)), "format": .string(format.rawValue),
          "target": target, "width": JSONValue(size.width), "height": JSONValue(size.height),
          "normalize": .string(own.gradCAM.normalize.rawValue),
        ]
        if format == .png {
          members["colormap"] = .string(own.gradCAM.effectiveColormap.rawValue)
          members["overlay"] = .bool(picture != nil)
        }
        written.append(.object(members))
      }
    }
    return written
  }

  /// The size of the upright image that the model's input was made of.
  private static func upright(_ source: JSONValue?) -> PixelSize? {
    if let resized = source?["resized"], let width = resized["width"]?.int,
      let height = resized["height"]?.int
    {
      return PixelSize(width: width, height: height)
    }
    guard let width = source?["width"]?.int, let height = source?["height"]?.int else { return nil }
    let turns = (source?["orientation"]?.int ?? 1) >= 5
    return PixelSize(width: turns ? height : width, height: turns ? width : height)
  }

  /// The numbers of a stored map, compared with its digest.
  private func values(
    of map: JSONValue, classIndex: Int, from files: HeatmapFiles
  ) throws(Fault) -> (values: [Float], height: Int, width: Int) {
    guard let raw = map["raw"], let path = raw["path"]?.string,
      let shape = raw["shape"]?.array?.compactMap(\.int), shape.count == 2
    else { throw Fault(.runCorrupt, "a result tells of a map without its shape") }
    let (height, width) = (shape[0], shape[1])
    guard let bytes = try files.read(path),
      raw["sha256"]?.string.map({ $0 == SHA256.hex(of: bytes) }) ?? false
    else {
      throw Fault(
        .runCorrupt,
        "\(directory.path.appending(path).display) is missing or not what was written: infercam runs "
          + "verify tells more")
    }
    if map["degenerate"]?.string == "non_finite" {
      return ([Float](repeating: 0, count: height * width), height, width)
    }
    let tensor = try bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) in try NPY.decode(raw) }
    }.get()
    let numbers = tensor.dtype == .float32 ? tensor.aligned().elements(of: Float.self) : []
    let start = raw["index"] == nil ? 0 : classIndex * height * width
    guard numbers.count >= start + height * width, raw["index"] != nil || tensor.shape.rank == 2
    else {
      throw Fault(
        .runCorrupt,
        "\(directory.path.appending(path).display) is not the map that the result tells of")
    }
    return (Array(numbers[start..<(start + height * width)]), height, width)
  }

  /// The upright image under an overlay, which must be the one that was classified.
  private func picture(
    of item: InputItem?, _ result: JSONValue, _ upright: PixelSize
  ) throws(Fault) -> PixelBuffer {
    guard let item else {
      throw Fault(.runCorrupt, "the list of inputs is shorter than the results")
    }
    let contents = try reader.read(item)
    guard contents.sha256 == result["source"]?["sha256"]?.string else {
      throw Fault(
        .imageChecksumMismatch,
        "\(item.path.display) has changed since the run: render it without --overlay")
    }
    let options = decoding
    let image = try contents.bytes.withUnsafeBytes { raw in
      Result { () throws(Fault) -> PixelBuffer in
        guard NPY.isNPY(raw) else {
          return try DecodedImage.decode(raw, declared: item.declaredType, options: options).pixels
        }
        let array = try NPY.decode(raw)
        return try PixelBuffer(
          array.elements(of: UInt8.self), width: array.shape[1], height: array.shape[0], channels: 3
        )
      }
    }.get()
    return image.size == upright ? image : try image.resized(to: upright, filter: .bilinear)
  }

  private func write(_ bytes: [UInt8], to name: String) throws(Fault) {
    let path = request.output.appending(name)
    try replaceFileCreatingFolders(
      path, with: bytes, temporary: RawPath(bytes: path.bytes + Array(".part".utf8)), durable: false
    )
  }
}
