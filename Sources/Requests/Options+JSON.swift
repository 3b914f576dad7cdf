import Faults
public import JSON

extension ClassifyOptions {
  /// Takes over what an object says under the names of the API, and reports what is out of range.
  public mutating func update(from fields: inout JSONFields) {
    if let value = fields.int("top_k") { topK = value }
    if let value = fields.double("prob_threshold") { probThreshold = value }
    fields.adopt(violations)
  }
}

extension GradCAMOptions {
  /// Takes over what an object says under the names of the API, and reports what is out of range.
  ///
  /// An object that says anything asks for a map, unless `enabled` is false.
  public mutating func update(from fields: inout JSONFields) {
    let wasEmpty = formats.isEmpty
    let isEnabled = fields.bool("enabled")
    updateLayers(from: &fields)
    updateTargets(from: &fields)
    if let value = fields.word("score", Score.self) { score = value }
    updateDrawing(from: &fields)
    if let value = fields.word("normalize", Normalization.self) { normalize = value }
    if let value = fields.double("box") { box = value }
    if let value = fields.bool("faithfulness") { faithfulness = value }
    if let value = fields.int("faithfulness_steps") { faithfulnessSteps = value }
    let given = fields.readMembers.keys
    enabled = isEnabled ?? (given.isEmpty ? enabled : true)
    if !given.contains("format") {
      // Maps of all classes are drawn only when that is said.
      if explainsAll, given.contains("target") { formats = [] }
      if !explainsAll, wasEmpty { formats = [.png] }
    }
    fields.adopt(violations)
  }

  private mutating func updateLayers(from fields: inout JSONFields) {
    if let value = fields.texts("layer") { layers = value }
    if let value = fields.word("fuse", Fuse.self) { fuse = value }
    if let value = fields.word("method", Method.self) { method = value }
  }

  private mutating func updateTargets(from fields: inout JSONFields) {
    guard let texts = fields.texts("target") else { return }
    var read: [Target] = []
    for text in texts {
      guard let targets = Target.list(text) else {
        fields.report(
          .paramOutOfRange,
          "target must be top1, topk, all, label, index:N, a class id or a class label",
          at: "target")
        return
      }
      for target in targets where !read.contains(target) { read.append(target) }
    }
    targets = read
  }

  private mutating func updateDrawing(from fields: inout JSONFields) {
    if let value = fields.word("colormap", Colormap.self) { colormap = value }
    if let value = fields.bool("overlay") { overlay = value }
    if let value = fields.double("alpha") { alpha = value }
    if let words = fields.texts("format") {
      let read = words.map { $0 == "none" ? nil : HeatmapFormat.list($0) }
      if read.contains(where: { $0 == nil }) || read.isEmpty {
        fields.report(.paramOutOfRange, "format must be png, npy or both", at: "format")
      } else {
        formats = HeatmapFormat.selectable.filter { format in
          read.contains { $0?.contains(format) == true }
        }
      }
    }
    guard let value = fields.value("resolution") else { return }
    if let size = Resolution(json: value) {
      resolution = size
    } else {
      fields.report(
        .paramOutOfRange,
        "resolution must be input, model, cam, WIDTHxHEIGHT or {\"width\",\"height\"}",
        at: "resolution")
    }
  }
}

extension GradCAMOptions.Resolution {
  /// Reads a word, or an object with `width` and `height` and nothing else.
  fileprivate init?(json value: JSONValue) {
    if let text = value.string {
      self.init(text)
    } else if let members = value.object, members.count == 2, let width = value["width"]?.int,
      let height = value["height"]?.int
    {
      self = .size(width: width, height: height)
    } else {
      return nil
    }
  }
}
