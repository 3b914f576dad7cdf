import Faults
import JSON

extension TrainingConfiguration {
  /// Image processors whose steps are not those that their fields describe.
  private static let foreign = ["Levit", "PoolFormer", "Perceiver", "Glpn", "Flava"]

  /// Reads `preprocessor_config.json`.
  mutating func readTransformers(_ value: JSONValue) throws(Fault) {
    describesInput = true
    let type =
      value["image_processor_type"]?.string ?? value["feature_extractor_type"]?.string ?? ""
    if let name = Self.foreign.first(where: { type.hasPrefix($0) }) {
      throw Self.refusal("the processor \(name) has steps of its own")
    }
    if value["do_pad"]?.bool == true { throw Self.refusal("do_pad is not supported") }
    let isConvNext = type.hasPrefix("ConvNext") || type.hasPrefix("ConvNeXT")
    if !isConvNext, value["crop_pct"] != nil { throw Self.refusal("crop_pct is not supported") }
    changes.filter = try Self.filter(number: value["resample"]?.int ?? (isConvNext ? 3 : 2))
    if value["do_flip_channel_order"]?.bool == true { changes.color = .bgr }
    try isConvNext ? readConvNextSize(value) : readSize(value)
    try readNumbers(value, isEfficientNet: type.hasPrefix("EfficientNet"))
  }

  private mutating func readSize(_ value: JSONValue) throws(Fault) {
    let crops = value["do_center_crop"]?.bool ?? (value["crop_size"] != nil)
    let size = value["size"]
    let square = size?.int
    let short = size?["shortest_edge"]?.int ?? (crops ? square : nil)
    let sides = Self.sides(size) ?? (crops ? nil : square.map { ($0, $0) })
    if value["do_resize"]?.bool == false {
      throw Self.refusal("do_resize false leaves images of any size")
    }
    if crops {
      guard let window = Self.sides(value["crop_size"]) ?? value["crop_size"]?.int.map({ ($0, $0) })
      else { throw Self.refusal("crop_size is missing") }
      (changes.width, changes.height) = window
      changes.crop = .centerFloor
    } else if let sides {
      (changes.width, changes.height) = sides
      changes.crop = ModelSpec.Crop.none
    }
    if let short, crops {
      changes.resize = .shortSide(short)
    } else if let sides {
      changes.resize = crops ? .stretchTo(width: sides.0, height: sides.1) : .stretch
    } else {
      throw Self.refusal("size must have height and width, or shortest_edge with a center crop")
    }
  }

  private mutating func readConvNextSize(_ value: JSONValue) throws(Fault) {
    guard let side = value["size"]?["shortest_edge"]?.int ?? value["size"]?.int, side > 0 else {
      throw Self.refusal("size.shortest_edge is missing")
    }
    (changes.width, changes.height) = (side, side)
    let share = value["crop_pct"]?.double ?? 0.875
    guard share > 0, share <= 1 else {
      throw Self.refusal("crop_pct must be above 0 and at most 1")
    }
    changes.resize = side < 384 ? .shortSide(Int(Double(side) / share)) : .stretch
    changes.crop = side < 384 ? .centerFloor : ModelSpec.Crop.none
  }

  private mutating func readNumbers(_ value: JSONValue, isEfficientNet: Bool) throws(Fault) {
    let rescales = value["do_rescale"]?.bool ?? true
    let scale = rescales ? 255 * (value["rescale_factor"]?.double ?? 1 / 255) : 255
    guard scale > 0 else { throw Self.refusal("rescale_factor must be above 0") }
    let normalizes = value["do_normalize"]?.bool ?? (value["image_mean"] != nil)
    var mean = normalizes ? try Self.numbers(value["image_mean"]) ?? [0.5] : [0]
    var std = normalizes ? try Self.numbers(value["image_std"]) ?? [0.5] : [1]
    if isEfficientNet {
      if value["include_top"]?.bool ?? true { std = std.map { $0 * $0 } }
      if value["rescale_offset"]?.bool == true { mean = mean.map { $0 + 1 } }
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
