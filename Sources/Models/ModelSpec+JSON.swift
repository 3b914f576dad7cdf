public import Faults
public import JSON

extension ModelSpec {
  /// The schema name that `version.json` must bear.
  public static let schema = "infercam.model/1"

  /// The part that decides how pixels become input values, in canonical form.
  public var inputJSON: JSONValue {
    var resize: [String: JSONValue] = ["filter": .string(input.resize.filter.rawValue)]
    resize["mode"] = .string(input.resize.mode.word)
    switch input.resize.mode {
    case .stretch: break
    case .shortSide(let size): resize["size"] = JSONValue(size)
    case .stretchTo(let width, let height), .cover(let width, let height),
      .contain(let width, let height):
      resize["width"] = JSONValue(width)
      resize["height"] = JSONValue(height)
    }
    var members: [String: JSONValue] = [
      "name": JSONValue(input.name), "width": JSONValue(input.width),
      "height": JSONValue(input.height), "layout": .string(input.layout.rawValue),
      "color": .string(input.color.rawValue), "resize": .object(resize),
      "crop": .string(input.crop.rawValue), "mean": .array(input.mean.map(JSONValue.double)),
      "std": .array(input.std.map(JSONValue.double)),
    ]
    if let pad = input.pad { members["pad"] = .array(pad.map { JSONValue($0) }) }
    return .object(members)
  }

  /// The specification in the form of `version.json`, without file and digest.
  public var json: JSONValue {
    [
      "schema": .string(Self.schema), "input": inputJSON,
      "output": [
        "name": JSONValue(output.name), "activation": .string(output.activation.rawValue),
      ],
      "labels_version": .string(labelsVersion),
      "calibration": [
        "version": .string(calibration.version), "temperature": .double(calibration.temperature),
      ],
      "grad_cam": ["layer": .string(gradCAMLayer)],
    ]
  }

  /// Reads a specification that was written down before, as in the fingerprint of a run.
  /// - Throws: `Fault` with code `model.invalid`.
  public init(recorded value: JSONValue) throws(Fault) {
    var fields = JSONFields(value)
    let spec = ModelSpec(&fields)
    if let fault = Fault(fields.violations, code: .modelInvalid) { throw fault }
    guard let spec else { throw Fault(.modelInvalid, "the description of the model is incomplete") }
    self = spec
  }

  /// Reads a specification; what is wrong is reported to `fields`.
  init?(_ fields: inout JSONFields) {
    if let schema = fields.string("schema"), schema != Self.schema {
      fields.report(
        .modelInvalid, "the schema \(schema) is not \(Self.schema): use a newer infercam",
        at: "schema")
    }
    let input = fields.object("input") { Input(&$0) } ?? nil
    guard let input = fields.require("input", input) else { return nil }
    self.init(input: input, labelsVersion: fields.string("labels_version") ?? "none")
    fields.object("output") { output in
      self.output.name = output.string("name")
      self.output.activation = output.word("activation", Activation.self) ?? .softmax
      output.refuseUnknown()
    }
    fields.object("calibration") { calibration in
      self.calibration.version = calibration.string("version") ?? "none"
      self.calibration.temperature = calibration.double("temperature") ?? 1
      if !(self.calibration.temperature > 0) {
        calibration.report(.paramOutOfRange, "temperature must be above 0", at: "temperature")
      }
      calibration.refuseUnknown()
    }
    fields.object("grad_cam") { gradCAM in
      self.gradCAMLayer = gradCAM.string("layer") ?? "auto"
      gradCAM.refuseUnknown()
    }
  }
}

extension ModelSpec.Input {
  /// The sides that inputs and scaled images may have.
  public static let sideRange = 1...16_384

  init?(_ fields: inout JSONFields) {
    let width = Self.side("width", &fields)
    let height = Self.side("height", &fields)
    let resize = fields.object("resize") { ModelSpec.Resize(&$0) } ?? nil
    let mean = fields.numbers("mean")
    let std = fields.numbers("std")
    let name = fields.string("name")
    let layout = fields.word("layout", ModelSpec.Layout.self)
    let color = fields.word("color", ModelSpec.Color.self)
    let crop = fields.word("crop", ModelSpec.Crop.self)
    let pad = fields.numbers("pad")
    fields.refuseUnknown()
    guard let width, let height, let resize = fields.require("resize", resize),
      let mean = fields.require("mean", mean), let std = fields.require("std", std)
    else { return nil }
    self.init(width: width, height: height, resize: resize, mean: mean, std: std)
    self.name = name
    self.layout = layout ?? .nchw
    self.color = color ?? .rgb
    self.crop = crop ?? .none
    self.pad = pad.map { $0.map { Int($0.rounded()) } }
    if let pad, pad.contains(where: { !(0...255).contains($0) || $0 != $0.rounded() }) {
      self.pad = nil
      fields.report(.paramOutOfRange, "pad must hold whole numbers from 0 to 255", at: "pad")
    }
    check(&fields)
  }

  /// Checks what no field can show alone.
  private func check(_ fields: inout JSONFields) {
    let channels = color.channelCount
    for (key, values) in [("mean", mean), ("std", std)] where values.count != channels {
      fields.report(
        .modelInvalid,
        "\(key) has \(values.count) numbers, but \(color.rawValue) needs \(channels)",
        at: key)
    }
    if let pad, pad.count != channels {
      fields.report(
        .modelInvalid,
        "pad has \(pad.count) numbers, but \(color.rawValue) needs \(channels)", at: "pad")
    }
    if std.contains(0) { fields.report(.modelInvalid, "std must not hold 0", at: "std") }
    if let problem = geometryProblem {
      fields.report(.modelInvalid, problem.message, at: problem.field)
    }
  }

  /// What keeps scaling and cropping from giving the input size for every image.
  var geometryProblem: (field: String, message: String)? {
    let wanted = "\(width)x\(height)"
    switch resize.mode {
    case .stretch: return nil
    case .stretchTo(width, height): return nil
    case _ where crop == .none:
      return ("crop", "\(resize.mode.word) leaves images of other sizes: it needs crop center")
    case .shortSide(let size) where size < max(width, height):
      return ("resize", "the short side of \(size) is smaller than the crop of \(wanted)")
    case .stretchTo(let wide, let high) where wide < width || high < height,
      .cover(let wide, let high) where wide < width || high < height:
      return ("resize", "the size of \(wide)x\(high) is smaller than the crop of \(wanted)")
    default: return nil
    }
  }

  private static func side(_ key: String, _ fields: inout JSONFields) -> Int? {
    guard let side = fields.require(key, fields.int(key)) else { return nil }
    if sideRange.contains(side) { return side }
    fields.report(
      .paramOutOfRange,
      "\(key) must be \(sideRange.lowerBound) to \(sideRange.upperBound), not \(side)", at: key)
    return nil
  }
}

extension ModelSpec.Resize {
  init?(_ fields: inout JSONFields) {
    let filter = fields.word("filter", Filter.self) ?? .bilinear
    let size = fields.int("size")
    let sides = Self.sides(&fields)
    let word = fields.string("mode")
    fields.refuseUnknown()
    switch word {
    case "stretch"?:
      let mode = sides.map { Mode.stretchTo(width: $0.width, height: $0.height) }
      self.init(mode ?? .stretch, filter)
    case "cover"?, "contain"?:
      guard let sides = fields.require("width", sides) else { return nil }
      self.init(
        word == "cover"
          ? .cover(width: sides.width, height: sides.height)
          : .contain(width: sides.width, height: sides.height), filter)
    case "short_side"?:
      guard let size = fields.require("size", size) else { return nil }
      guard ModelSpec.Input.sideRange.contains(size) else {
        fields.report(.paramOutOfRange, "size must be 1 to 16384, not \(size)", at: "size")
        return nil
      }
      self.init(.shortSide(size), filter)
    case let other:
      fields.report(
        .paramOutOfRange,
        "mode must be stretch | short_side | cover | contain, not \(other ?? "missing")",
        at: "mode")
      return nil
    }
  }

  /// The width and height, which come together.
  private static func sides(_ fields: inout JSONFields) -> (width: Int, height: Int)? {
    let (width, height) = (fields.int("width"), fields.int("height"))
    if width == nil, height == nil { return nil }
    for (key, side) in [("width", width), ("height", height)] {
      guard let side, ModelSpec.Input.sideRange.contains(side) else {
        fields.report(
          .paramOutOfRange, "width and height must both be 1 to 16384, or both be absent", at: key)
        return nil
      }
    }
    return (width ?? 0, height ?? 0)
  }
}

extension ModelSpec.Resize.Mode {
  /// How the mode is written.
  var word: String {
    switch self {
    case .stretch, .stretchTo: "stretch"
    case .shortSide: "short_side"
    case .cover: "cover"
    case .contain: "contain"
    }
  }
}
