import Attribution
import Images
import InfercamTestSupport
import Inference
import JSON
import Requests
import Tensors
import Testing

struct HeatmapFactsTests {
  let model: SmallModel

  init() throws {
    model = try SmallModel()
  }

  private func heatmap(
    _ image: Tensor, _ set: (inout GradCAMOptions) -> Void
  ) throws -> (heatmap: JSONValue, map: ClassActivationMap) {
    let classifier = try model.classifier(set)
    let (input, prediction) = try classifier.prediction(of: image)
    let result = classifier.resultObject(prediction, of: input, heatmaps: [])
    return (
      try #require(result["heatmap"]), try #require(prediction.explanation).map
    )
  }

  @Test func `a signed heatmap keeps what speaks against the class`() throws {
    let classifier = try model.classifier {
      $0.normalize = .signed
      $0.resolution = .cam
    }
    let (input, prediction) = try classifier.prediction(of: SmallModel.images(1)[0])
    let map = try #require(prediction.explanation).map
    #expect(map.minimum < 0 && map.maximum > 0)
    let file = try classifier.render(prediction, of: input, as: .npy)
    let values = try file.withUnsafeBytes { try NPY.decode($0) }.elements(of: Float.self)
    #expect(relativeDifference(values, map.values.map { $0 / map.magnitude }) < 1e-6)
    let heatmap = try #require(
      classifier.resultObject(prediction, of: input, heatmaps: [])["heatmap"])
    #expect(heatmap["normalization"]?["mode"] == "signed")
    #expect(heatmap["normalization"]?["range"] == [-1, 1])
    #expect(heatmap["normalization"]?["max"] == .float(map.magnitude))
    #expect(heatmap["colormap"] == "coolwarm")
    let png = try classifier.render(prediction, of: input, as: .png)
    let drawn = try png.withUnsafeBytes { try DecodedImage.decode($0) }.pixels.bytes
    for (cell, value) in values.enumerated() {
      let (red, blue) = (drawn[cell * 3], drawn[cell * 3 + 2])
      if abs(value) > 0.1 { #expect((red > blue) == (value > 0)) }
    }
  }

  @Test func `the centre of mass and the box lie where the map is`() throws {
    for image in SmallModel.images(6, seed: 9) {
      let (heatmap, map) = try heatmap(image) { $0.box = 0.5 }
      let rectified = map.rectified.map(Double.init)
      guard rectified.contains(where: { $0 > 0 }) else {
        #expect(heatmap["box"] == .null && heatmap["center_of_mass"] == .null)
        continue
      }
      let sum = rectified.reduce(0, +)
      let x = rectified.indices.reduce(0) { $0 + rectified[$1] * (Double($1 % 8) + 0.5) } / sum
      let y = rectified.indices.reduce(0) { $0 + rectified[$1] * (Double($1 / 8) + 0.5) } / sum
      let center = try #require(heatmap["center_of_mass"]?.array).compactMap(\.double)
      #expect(abs(center[0] - 2 * x) < 1e-9 && abs(center[1] - 2 * y) < 1e-9)
      let pixels = try #require(heatmap["box"]?["pixels"]?.array).compactMap(\.double)
      let cells = try #require(heatmap["box"]?["cells"]?.array).compactMap(\.double)
      #expect(pixels.map { $0 / 2 } == cells)
      #expect(pixels[0] < pixels[2] && pixels[1] < pixels[3])
      #expect(pixels.allSatisfy { (0...16).contains($0) })
      #expect(heatmap["box"]?["threshold"] == 0.5)
    }
  }

  @Test func `the highest threshold boxes the hottest pixel alone`() throws {
    let classifier = try model.classifier {
      $0.box = 1
      $0.resolution = .model
    }
    for image in SmallModel.images(6, seed: 9) {
      let (input, prediction) = try classifier.prediction(of: image)
      let file = try classifier.render(prediction, of: input, as: .npy)
      let values = try file.withUnsafeBytes { try NPY.decode($0) }.elements(of: Float.self)
      guard let highest = values.max(), highest > 0 else { continue }
      let hottest = values.indices.filter { values[$0] == highest }
      try #require(hottest.count == 1)
      let (y, x) = hottest[0].quotientAndRemainder(dividingBy: 16)
      let heatmap = classifier.resultObject(prediction, of: input, heatmaps: [])["heatmap"]
      let pixels = try #require(heatmap?["box"]?["pixels"]?.array).compactMap(\.int)
      #expect(pixels == [x, y, x + 1, y + 1])
    }
  }

  @Test func `without the flags there is no box and no score`() throws {
    let (heatmap, _) = try heatmap(SmallModel.images(1)[0]) { _ in }
    #expect(heatmap["box"] == nil && heatmap["faithfulness"] == nil)
    #expect(heatmap["center_of_mass"] != nil)
  }
}
