import Faults
import JSON

extension TrainingConfiguration {
  /// Reads `preprocessor_config.json`.
  ///
  /// - Throws: `Fault` with code `model.invalid` for processors and fields that are not known.
  mutating func readTransformers(_ value: JSONValue) throws(Fault) {
    describesInput = true
    let type =
      value["image_processor_type"]?.string ?? value["feature_extractor_type"]?.string ?? ""
    let name = ImageProcessorKind.name(of: type)
    guard let kind = ImageProcessorKind.named(name) else {
      throw Self.refusal(
        (type.isEmpty ? "it names no image processor" : "the image processor \(type) is not known")
          + " (there are \(ImageProcessorKind.names.joined(separator: ", ")))")
    }
    let foreign = kind.foreignFields(of: value)
    guard foreign.isEmpty else {
      throw Self.refusal(
        "\(type) is not followed where it says \(foreign.joined(separator: ", "))")
    }
    if value["do_resize"]?.bool == false {
      throw Self.refusal("do_resize false leaves images of any size")
    }
    guard let filter = value["resample"]?.int else { throw Self.refusal("resample is missing") }
    changes.filter = try Self.filter(number: filter)
    if value["do_flip_channel_order"]?.bool ?? kind.flips { changes.color = .bgr }
    try name == "ConvNext" ? readConvNextSize(value) : readSize(value, kind)
    try readNumbers(value, kind, isEfficientNet: name == "EfficientNet")
  }

  private mutating func readSize(
    _ value: JSONValue, _ kind: ImageProcessorKind
  ) throws(Fault) {
    let size = value["size"]
    let number = size?.int
    let squares = value["default_to_square"]?.bool ?? kind.squares
    let short = size?["shortest_edge"]?.int ?? (squares ? nil : number)
    let sides = Self.sides(size) ?? (squares ? number.map { ($0, $0) } : nil)
    if value["do_center_crop"]?.bool ?? kind.crops {
      guard let window = Self.sides(value["crop_size"]) ?? value["crop_size"]?.int.map({ ($0, $0) })
      else { throw Self.refusal("crop_size is missing") }
      (changes.width, changes.height) = window
      changes.crop = .centerFloor
      if let short {
        changes.resize = .shortSide(short)
        return
      }
      if let sides {
        changes.resize = .stretchTo(width: sides.0, height: sides.1)
        return
      }
    } else if let sides {
      (changes.width, changes.height) = sides
      changes.crop = ModelSpec.Crop.none
      changes.resize = .stretch
      return
    }
    throw Self.refusal("size must have height and width, or shortest_edge with a center crop")
  }

  private mutating func readConvNextSize(_ value: JSONValue) throws(Fault) {
    guard let side = value["size"]?["shortest_edge"]?.int ?? value["size"]?.int, side > 0 else {
      throw Self.refusal("size.shortest_edge is missing")
    }
    if value["do_center_crop"]?.bool == true {
      throw Self.refusal("do_center_crop is not followed beside the crop of ConvNext")
    }
    (changes.width, changes.height) = (side, side)
    let share = value["crop_pct"]?.double ?? 0.875
    guard share > 0, share <= 1 else {
      throw Self.refusal("crop_pct must be above 0 and at most 1")
    }
    changes.resize = side < 384 ? .shortSide(Int(Double(side) / share)) : .stretch
    changes.crop = side < 384 ? .centerFloor : ModelSpec.Crop.none
  }

  private mutating func readNumbers(
    _ value: JSONValue, _ kind: ImageProcessorKind, isEfficientNet: Bool
  ) throws(Fault) {
    let rescales = value["do_rescale"]?.bool ?? true
    let scale = rescales ? 255 * (value["rescale_factor"]?.double ?? 1 / 255) : 255
    guard scale > 0 else { throw Self.refusal("rescale_factor must be above 0") }
    let normalizes = kind.normalizes && value["do_normalize"]?.bool ?? true
    let dividesAgain = isEfficientNet && value["include_top"]?.bool ?? true
    var mean = [0.0]
    var std = [1.0]
    if normalizes || dividesAgain {
      guard let means = try Self.numbers(value["image_mean"]),
        let deviations = try Self.numbers(value["image_std"])
      else { throw Self.refusal("image_mean and image_std are missing") }
      if normalizes { (mean, std) = (means, deviations) }
      if dividesAgain { std = normalizes ? std.map { $0 * $0 } : deviations }
    }
    if isEfficientNet, rescales, value["rescale_offset"]?.bool == true {
      mean = mean.map { $0 + 1 }
    }
    // Exactly as they are where pixels are scaled to 0...1.
    let isUnit = (scale - 1).magnitude < 1e-6
    changes.mean = isUnit ? mean : mean.map { $0 / scale }
    changes.std = isUnit ? std : std.map { $0 / scale }
  }

  private static func sides(_ value: JSONValue?) -> (Int, Int)? {
    guard let width = value?["width"]?.int, let height = value?["height"]?.int else { return nil }
    return (width, height)
  }

  /// The filter of a number of Pillow.
  private static func filter(number: Int) throws(Fault) -> ModelSpec.Resize.Filter {
    let filters: [ModelSpec.Resize.Filter] = [
      .nearest, .lanczos, .bilinear, .bicubic, .box, .hamming,
    ]
    guard filters.indices.contains(number) else { throw refusal("resample \(number) is unknown") }
    return filters[number]
  }
}
