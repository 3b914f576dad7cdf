import Faults
import JSON
import Testing

@testable import Models

/// Configurations as Transformers 5 and its predecessors save them.
struct TrainingConfigurationTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var json: String
    var width: Int
    var resize: ModelSpec.Resize.Mode
    var crop: ModelSpec.Crop
    var filter = ModelSpec.Resize.Filter.bicubic
    var mean = [0.5, 0.5, 0.5]
    var std = [0.5, 0.5, 0.5]
    var color: ModelSpec.Color?
  }

  private static let half = #""image_mean":[0.5,0.5,0.5],"image_std":[0.5,0.5,0.5]"#
  private static let common =
    #""do_normalize":true,"do_rescale":true,"do_resize":true,"rescale_factor":0.00392156862745098,"#
    + half

  private static func type(_ name: String, _ rest: String) -> String {
    #"{"image_processor_type":"\#(name)","# + rest + "," + common + "}"
  }

  static let cases = [
    Case(
      testDescription: "ViT",
      json: type("ViTImageProcessor", #""resample":2,"size":{"height":224,"width":224}"#),
      width: 224, resize: .stretch, crop: .none, filter: .bilinear),
    Case(
      testDescription: "ViT of old, with a number for both sides",
      json:
        #"{"feature_extractor_type":"ViTFeatureExtractor","do_normalize":true,"do_resize":true,"resample":2,"size":384,\#(half)}"#,
      width: 384, resize: .stretch, crop: .none, filter: .bilinear),
    Case(
      testDescription: "DeiT, which crops unless told otherwise",
      json: type("DeiTImageProcessor", #""resample":3,"size":256,"crop_size":224"#),
      width: 224, resize: .stretchTo(width: 256, height: 256), crop: .centerFloor),
    Case(
      testDescription: "BEiT, which does not",
      json: type(
        "BeitImageProcessor",
        #""resample":3,"do_reduce_labels":false,"size":{"height":224,"width":224},"crop_size":{"height":224,"width":224}"#
      ), width: 224, resize: .stretch, crop: .none),
    Case(
      testDescription: "ConvNeXT below 384",
      json: type(
        "ConvNextFeatureExtractor", #""resample":3,"crop_pct":0.95,"size":{"shortest_edge":224}"#),
      width: 224, resize: .shortSide(235), crop: .centerFloor),
    Case(
      testDescription: "ConvNeXT from 384",
      json: type("ConvNextImageProcessor", #""resample":3,"size":{"shortest_edge":384}"#),
      width: 384, resize: .stretch, crop: .none),
    Case(
      testDescription: "BiT",
      json: type(
        "BitImageProcessorFast",
        #""resample":3,"do_center_crop":true,"size":{"shortest_edge":256},"crop_size":{"height":224,"width":224}"#
      ), width: 224, resize: .shortSide(256), crop: .centerFloor),
    Case(
      testDescription: "MobileViT, which flips and never normalises",
      json: type("MobileViTImageProcessor", #""resample":2,"size":288,"crop_size":256"#),
      width: 256, resize: .shortSide(288), crop: .centerFloor, filter: .bilinear, mean: [0],
      std: [1], color: .bgr),
    Case(
      testDescription: "EfficientNet, which divides twice",
      json: type(
        "EfficientNetImageProcessor",
        #""resample":0,"include_top":true,"size":{"height":346,"width":346}"#),
      width: 346, resize: .stretch, crop: .none, filter: .nearest, std: [0.25, 0.25, 0.25]),
    Case(
      testDescription: "EfficientNet with an offset",
      json: type(
        "EfficientNetImageProcessor",
        #""resample":3,"include_top":false,"rescale_offset":true,"size":{"height":64,"width":64}"#),
      width: 64, resize: .stretch, crop: .none, mean: [1.5, 1.5, 1.5]),
  ]

  @Test(arguments: cases)
  func `a processor's steps become those of a model`(test: Case) throws {
    let changes = try TrainingConfiguration(json: Array(test.json.utf8)).changes
    #expect(changes.width == test.width && changes.height == test.width)
    #expect(changes.resize == test.resize)
    #expect(changes.crop == test.crop)
    #expect(changes.filter == test.filter)
    #expect(changes.mean == test.mean && changes.std == test.std)
    #expect(changes.color == test.color)
  }

  @Test(arguments: [
    ("LevitImageProcessor", #""resample":3,"size":224"#, "LevitImageProcessor"),
    ("PPLCNetImageProcessor", #""resample":2,"resize_short":256,"size":256"#, "PPLCNet"),
    ("ViTImageProcessor", #""resample":2,"size":224,"do_pad":true"#, "do_pad"),
    ("ViTImageProcessor", #""resample":2,"size":224,"crop_pct":0.9"#, "crop_pct"),
    ("ImageGPTImageProcessor", #""do_color_quantize":true,"resample":2,"size":256"#, "ImageGPT"),
    ("ViTImageProcessor", #""resample":2,"size":224,"size_divisor":32"#, "size_divisor"),
    ("ViTImageProcessor", #""size":224"#, "resample"),
    ("ViTImageProcessor", #""resample":9,"size":224"#, "resample 9"),
    ("BitImageProcessor", #""resample":3,"size":{"shortest_edge":256}"#, "crop_size"),
    ("BitImageProcessor", #""resample":3,"do_center_crop":false,"size":256"#, "shortest_edge"),
    ("ConvNextImageProcessor", #""resample":3,"do_center_crop":true,"size":224"#, "center_crop"),
  ])
  func `what is not followed is refused by name`(type: String, rest: String, name: String) {
    let fault = #expect(throws: Fault.self) {
      try TrainingConfiguration(json: Array(Self.type(type, rest).utf8))
    }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains(name) == true, "\(fault?.message ?? "")")
  }

  @Test func `numbers that normalise must be there`() {
    let json = #"{"image_processor_type":"ViTImageProcessor","resample":2,"size":224}"#
    let fault = #expect(throws: Fault.self) {
      try TrainingConfiguration(json: Array(json.utf8))
    }
    #expect(fault?.message.contains("image_mean") == true)
  }

  @Test func `timm's fields are read`() throws {
    let json =
      #"{"pretrained_cfg":{"input_size":[3,240,240],"crop_pct":0.95,"crop_mode":"squash","interpolation":"bicubic","mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5]}}"#
    let changes = try TrainingConfiguration(json: Array(json.utf8)).changes
    #expect(changes.width == 240 && changes.resize == .stretchTo(width: 252, height: 252))
  }
}
