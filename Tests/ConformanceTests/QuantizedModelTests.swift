import Attribution
import Execution
import InfercamTestSupport
import Inference
import JSON
import Models
import Requests
import Testing

/// A network of 8-bit integers, as QuantizeLinear and DequantizeLinear around float operators.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct QuantizedModelTests {
  private func inputs(
    _ classifier: Classifier, _ names: [String]
  ) throws -> [PreparedInput] {
    let folder = try #require(SharedFolder.path) + "/photos/imagenet/"
    return try names.map { try classifier.prepare(try #require(Files.bytes(of: folder + $0))) }
  }

  private func names() throws -> [String] {
    let names = Files.names(in: try #require(SharedFolder.path) + "/photos/imagenet/").sorted()
    #expect(names.count == 84)
    return names
  }

  @Test func `photos have the logits of ONNX Runtime`() throws {
    let classifier = try SharedModels.classifier("mobilenetv2_zoo_qdq") { $0.enabled = false }
    let names = try names()
    let predictions = try classifier.predictions(of: inputs(classifier, names), batch: 4)
    for ((name, prediction), (index, highest, lowest)) in zip(
      zip(names, predictions), Self.elsewhere)
    {
      #expect(prediction.ranking[0].index == index, "\(name)")
      #expect(prediction.logits.max() == highest && prediction.logits.min() == lowest, "\(name)")
    }
  }

  @Test func `maps tell that gradients pass the rounding`() throws {
    let classifier = try SharedModels.classifier("mobilenetv2_zoo_qdq")
    let inputs = try inputs(classifier, Array(names().prefix(6)))
    let predictions = try classifier.predictions(of: inputs, batch: 4)
    for (input, prediction) in zip(inputs, predictions) {
      let explanation = try #require(prediction.explanation)
      #expect([explanation.map.height, explanation.map.width] == [7, 7])
      #expect(explanation.map.degeneracy == nil)
      let result = classifier.resultObject(prediction, of: input, heatmaps: [])
      #expect(result["heatmap"]?["gradient"] == .string("straight_through"))
    }
  }

  @Test(arguments: [KernelChoice.auto, .blas])
  func `both kinds of kernels give every logit its integer`(kernels: KernelChoice) throws {
    let classifier = try SharedModels.classifier("mobilenetv2_zoo_qdq", kernels: kernels)
    let photo = try #require(SharedFolder.path) + "/photos/imagenet/n01440764_tench.JPEG"
    let input = try classifier.prepare(try #require(Files.bytes(of: photo)))
    let prediction = try classifier.predictions(of: [input], batch: 1)[0]
    let (_, highest, lowest) = Self.elsewhere[0]
    #expect(prediction.logits.max() == highest && prediction.logits.min() == lowest)
  }

  /// The first class of ONNX Runtime 1.31 with its default options, and its largest and smallest
  /// logit, for the photos in the order of their names.
  private static let elsewhere: [(Int, Float, Float)] = [
    (0, 15.162327, -9.177011), (15, 24.599564, -7.65513), (25, 17.197681, -7.384812),
    (45, 16.55945, -6.0911307), (64, 25.144, -8.531837), (75, 18.542294, -6.6013155),
    (85, 17.366652, -8.526028), (95, 23.906075, -7.301294), (120, 17.542006, -7.086618),
    (130, 17.810223, -7.2671785), (150, 23.272108, -6.9359574), (160, 14.469609, -6.4485445),
    (177, 20.220804, -8.494188), (185, 16.417156, -8.234706), (202, 16.43592, -9.659368),
    (200, 19.68048, -12.140792), (218, 17.237286, -5.6595798), (225, 16.762056, -10.240362),
    (235, 14.288505, -6.409121), (255, 19.753426, -7.8809643), (266, 19.955982, -8.198189),
    (285, 13.211622, -7.5456476), (285, 19.321999, -10.737981), (292, 17.210045, -8.510444),
    (310, 13.041179, -6.697663), (320, 15.564941, -7.2160454), (340, 22.517626, -7.2325907),
    (350, 23.175034, -8.589183), (294, 16.555983, -9.218593), (370, 27.936958, -7.906677),
    (386, 23.161345, -8.414596), (118, 13.19382, -8.93252), (410, 18.035173, -7.4118924),
    (415, 12.048962, -7.849031), (435, 19.322147, -9.646498), (439, 18.29456, -8.533306),
    (441, 11.758093, -6.83202), (460, 15.281024, -6.4987917), (468, 17.739456, -9.022895),
    (485, 13.995765, -9.484138), (495, 22.180647, -9.379622), (504, 15.459065, -8.909287),
    (525, 26.99303, -10.276282), (535, 13.687486, -8.896994), (651, 9.790253, -8.569805),
    (562, 12.223609, -6.61543), (569, 11.757597, -10.118438), (575, 27.025198, -10.151944),
    (595, 12.677275, -7.7138076), (605, 20.611273, -8.616176), (625, 28.769516, -9.927184),
    (633, 14.930417, -6.9312725), (635, 26.831888, -9.162454), (653, 16.250017, -8.672191),
    (660, 11.608916, -6.016393), (675, 23.425695, -9.47524), (731, 10.95698, -8.554878),
    (690, 24.235538, -12.225748), (695, 18.37857, -7.911764), (715, 15.453661, -7.8669205),
    (725, 16.557755, -8.10529), (605, 11.606508, -6.954665), (745, 13.864871, -8.414596),
    (764, 12.070613, -10.788225), (770, 24.572546, -9.700991), (780, 13.945046, -6.7620444),
    (800, 17.833086, -7.428404), (810, 19.710897, -8.662545), (830, 9.847683, -7.9201694),
    (837, 11.589278, -8.519341), (843, 18.53485, -7.294079), (845, 16.155598, -7.892182),
    (875, 24.111652, -9.033776), (568, 9.635211, -7.2216163), (897, 15.269341, -7.409784),
    (905, 17.275198, -9.18278), (915, 9.787271, -8.340704), (957, 13.317364, -8.84094),
    (933, 23.608196, -7.395763), (945, 18.17035, -8.378137), (954, 12.029348, -7.243508),
    (959, 16.03189, -7.3801117), (979, 21.208757, -6.74054), (980, 16.450405, -6.08258),
  ]
}
