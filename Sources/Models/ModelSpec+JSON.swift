import Faults
public import JSON

extension ModelSpec {
  /// The schema name that `version.json` must bear.
  public static let schema = "infercam.model/1"

  /// The part that decides how pixels become input values, in canonical form.
  public var inputJSON: JSONValue {
    var resize: [String: JSONValue] = ["filter": .string(input.resize.filter.rawValue)]
    switch input.resize.mode {
    case .stretch: resize["mode"] = "stretch"
    case .shortSide(let size):
      resize["mode"] = "short_side"
      resize["size"] = JSONValue(size)
    }
    return [
      "name": JSONValue(input.name), "width": JSONValue(input.width),
      "height": JSONValue(input.height), "layout": .string(input.layout.rawValue),
      "color": .string(input.color.rawValue), "resize": .object(resize),
      "crop": .string(input.crop.rawValue), "mean": .array(input.mean.map(JSONValue.double)),
      "std": .array(input.std.map(JSONValue.double)),
    ]
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
    fields.refuseUnknown()
    guard let width, let height, let resize = fields.require("resize", resize),
      let mean = fields.require("mean", mean), let std = fields.require("std", std)
    else { return nil }
    self.init(width: width, height: height, resize: resize, mean: mean, std: std)
    self.name = name
    self.layout = layout ?? .nchw
    self.color = color ?? .rgb
    self.crop = crop ?? .none
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
    if std.contains(0) { fields.report(.modelInvalid, "std must not hold 0", at: "std") }
    guard case .shortSide(let size) = resize.mode else { return }
    if crop == .none {
      fields.report(
        .modelInvalid, "short_side leaves images of any shape: it needs crop center", at: "crop")
    } else if size < max(width, height) {
      fields.report(
        .modelInvalid, "the short side of \(size) is smaller than the crop of \(width)x\(height)",
        at: "resize")
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
    let word = fields.string("mode")
    fields.refuseUnknown()
    switch word {
    case "stretch"?:
      self.init(.stretch, filter)
    case "short_side"?:
      guard let size = fields.require("size", size) else { return nil }
      guard ModelSpec.Input.sideRange.contains(size) else {
        fields.report(.paramOutOfRange, "size must be 1 to 16384, not \(size)", at: "size")
        return nil
      }
      self.init(.shortSide(size), filter)
    case let other:
      fields.report(
        .paramOutOfRange, "mode must be stretch | short_side, not \(other ?? "missing")", at: "mode"
      )
      return nil
    }
  }
}
