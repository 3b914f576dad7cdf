import JSON

/// An image processor of Transformers whose steps are known, with what it does where its file says
/// nothing.
struct ImageProcessorKind {
  /// Whether a size of one number means both sides; else it means the shorter one.
  var squares: Bool
  var crops = false
  var normalizes = true
  var flips = false
  /// Fields that this processor alone has.
  var ownFields: Set<String> = []

  private static let known: [String: ImageProcessorKind] = [
    "ViT": Self(squares: true), "DeiT": Self(squares: true, crops: true),
    "Beit": Self(squares: true), "Pvt": Self(squares: true), "Segformer": Self(squares: true),
    "Gemma3": Self(squares: true), "Siglip": Self(squares: false),
    "ConvNext": Self(squares: false, ownFields: ["crop_pct"]),
    "Bit": Self(squares: false, crops: true), "CLIP": Self(squares: false, crops: true),
    "MobileNetV1": Self(squares: false, crops: true),
    "MobileNetV2": Self(squares: false, crops: true),
    // It has no step that subtracts and divides, whatever its file says.
    "MobileViT": Self(
      squares: false, crops: true, normalizes: false, flips: true,
      ownFields: ["do_flip_channel_order"]),
    "EfficientNet": Self(squares: true, ownFields: ["include_top", "rescale_offset"]),
  ]

  /// The names, sorted.
  static var names: [String] { known.keys.sorted() }

  /// The part of a processor's name that is the model's.
  static func name(of type: String) -> String {
    for ending in ["ImageProcessorFast", "ImageProcessorPil", "ImageProcessor", "FeatureExtractor"]
    where type.hasSuffix(ending) {
      let name = String(type.dropLast(ending.count))
      return name == "ConvNeXT" ? "ConvNext" : name
    }
    return type
  }

  static func named(_ name: String) -> ImageProcessorKind? { known[name] }

  /// Fields that every processor has, or that change nothing about the input of a classifier.
  private static let commonFields: Set<String> = [
    "image_processor_type", "feature_extractor_type", "processor_class", "auto_map", "do_resize",
    "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
    "do_normalize", "image_mean", "image_std", "do_convert_rgb", "do_reduce_labels",
    "reduce_labels", "default_to_square", "return_tensors", "data_format", "input_data_format",
    "device", "disable_grouping", "_valid_processor_keys", "image_seq_length",
  ]

  /// The fields that ask for steps which are not known, sorted; what is off asks for nothing.
  func foreignFields(of value: JSONValue) -> [String] {
    (value.object ?? [:]).filter { name, value in
      !Self.commonFields.contains(name) && !ownFields.contains(name) && !value.isNull
        && value.bool != false
    }.keys.sorted()
  }
}
