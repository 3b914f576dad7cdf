import Faults
import JSON

/// What `config.json` of timm, or `config.json` and `preprocessor_config.json` of Transformers, say
/// about the input and the labels of a model.
struct TrainingConfiguration {
  var changes = PreprocessingChanges()
  /// Whether the file describes preprocessing.
  var describesInput = false
  var labels: [String]?

  /// - Throws: `Fault` with code `json.malformed` or `model.invalid`, which names what cannot be done.
  init(json bytes: [UInt8]) throws(Fault) {
    let value = try JSONValue(parsing: bytes)
    labels = try Self.labels(value)
    if value["problem_type"]?.string == "multi_label_classification" {
      changes.activation = .sigmoid
    }
    let timm = value["pretrained_cfg"] ?? value
    if timm["input_size"] != nil {
      try readTimm(timm)
    } else if ["image_processor_type", "feature_extractor_type", "image_mean", "do_resize"]
      .contains(where: { value[$0] != nil })
    {
      try readTransformers(value)
    } else if labels == nil {
      throw Self.refusal("is no configuration of timm or Transformers")
    }
  }

  private static func labels(_ value: JSONValue) throws(Fault) -> [String]? {
    if let names = value["label_names"]?.array ?? value["pretrained_cfg"]?["label_names"]?.array {
      return names.compactMap(\.string)
    }
    guard let names = value["id2label"]?.object else { return nil }
    var labels: [String] = []
    for index in 0..<names.count {
      guard let name = names["\(index)"]?.string else {
        throw refusal("id2label has no class \(index)")
      }
      labels.append(name)
    }
    return labels
  }

  private mutating func readTimm(_ value: JSONValue) throws(Fault) {
    describesInput = true
    let size = (value["input_size"]?.array ?? []).compactMap(\.int)
    guard size.count == 3, size[1] > 0, size[2] > 0 else {
      throw Self.refusal("input_size must be [channels, height, width]")
    }
    (changes.height, changes.width) = (size[1], size[2])
    let share = value["crop_pct"]?.double ?? 0.875
    guard share > 0, share <= 1 else {
      throw Self.refusal("crop_pct must be above 0 and at most 1")
    }
    let width = Int((Double(size[2]) / share).rounded(.down))
    let height = Int((Double(size[1]) / share).rounded(.down))
    changes.filter = try Self.filter(value["interpolation"]?.string ?? "bicubic")
    changes.mean = try Self.numbers(value["mean"]) ?? [0.485, 0.456, 0.406]
    changes.std = try Self.numbers(value["std"]) ?? [0.229, 0.224, 0.225]
    changes.color = size[0] == 1 ? .gray : .rgb
    changes.crop = .center
    switch value["crop_mode"]?.string ?? "center" {
    case "center":
      changes.resize = width == height ? .shortSide(width) : .cover(width: width, height: height)
    case "squash": changes.resize = .stretchTo(width: width, height: height)
    case "border":
      changes.resize = .contain(width: width, height: height)
      changes.pad = changes.mean?.map { Int((255 * $0).rounded(.toNearestOrEven)) }
    case let mode: throw Self.refusal("crop_mode \(mode) is unknown")
    }
  }

  private static func filter(_ word: String) throws(Fault) -> ModelSpec.Resize.Filter {
    guard let filter = ModelSpec.Resize.Filter(rawValue: word) else {
      throw refusal(
        "interpolation \(word) is none of "
          + ModelSpec.Resize.Filter.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return filter
  }

  static func numbers(_ value: JSONValue?) throws(Fault) -> [Double]? {
    guard let value, !value.isNull else { return nil }
    if let number = value.double { return [number] }
    let numbers = (value.array ?? []).compactMap(\.double)
    guard !numbers.isEmpty, numbers.count == value.array?.count else {
      throw refusal("mean and std must be numbers")
    }
    return numbers
  }

  static func refusal(_ message: String) -> Fault {
    Fault(.modelInvalid, message + ": say it with --size, --resize, --crop, --mean and --std")
  }
}
