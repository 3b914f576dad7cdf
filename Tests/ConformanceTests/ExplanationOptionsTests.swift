import Attribution
import FileAccess
import Images
import InfercamTestSupport
import Inference
import Models
import ONNXImport
import Requests
import Tensors
import Testing

/// Options of explanations against stored maps of PyTorch and on real photos.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct ExplanationOptionsTests {
  /// The stored maps of two layers, fused here.
  @Test(
    arguments: ReferenceCase.graphs.filter { $0.name != "vit" }, GradCAMOptions.Fuse.allCases)
  func `fused maps are those of the reference, fused`(
    _ reference: ReferenceCase, _ fuse: GradCAMOptions.Fuse
  ) throws {
    let folder = try #require(SharedFolder.path) + "/reference/graphs/\(reference.name)"
    let version = try ModelRepository.model(
      at: RawPath(folder + "/model.onnx"), labels: nil, preset: .some(.none))
    let explanations = try reference.explanations()
    let layers = explanations.layers
    try #require(layers.count == 2 && layers.allSatisfy { $0.shape.count == 4 })
    let maps = try reference.maps()
    let image = try firstSample(try reference.input())
    for rank in explanations.ranks {
      var request = InferenceRequest()
      request.gradCAM.enabled = true
      request.gradCAM.layers = layers.map(\.tensor)
      request.gradCAM.fuse = fuse
      request.gradCAM.targets = [.index(rank.classes[0])]
      let classifier = try Classifier(version, request: request)
      let input = try classifier.prepare(NPY.encode(image))
      let prediction = try #require(try classifier.predictions(of: [input], batch: 1).first)
      let explanation = try #require(prediction.explanation)

      let size = PixelSize(
        width: layers.map { $0.shape[3] }.max() ?? 0, height: layers.map { $0.shape[2] }.max() ?? 0)
      #expect([explanation.map.height, explanation.map.width] == [size.height, size.width])
      let scaled = try layers.map { layer in
        let name = "\(layer.role)|\(rank.name)|gradcam|0"
        let map = try #require(maps[name], "\(name)")
        let values = map.elements(of: Float.self)
        let largest = values.max() ?? 0
        return HeatmapPlacement(filling: size).sample(
          largest > 0 ? values.map { $0 / largest } : values, width: map.shape[1],
          height: map.shape[0])
      }
      let expected = zip(scaled[0], scaled[1]).map { a, b in
        fuse == .mean ? (a + b) / 2 : max(a, b)
      }
      #expect(relativeDifference(explanation.map.values, expected) < 5e-3, "\(rank.name)")
    }
  }

  private func firstSample(_ bytes: [UInt8]) throws -> Tensor {
    let tensor = try readTensor(bytes).tensor
    return Tensor(
      dtype: tensor.dtype, shape: Shape([1] + tensor.shape.dimensions.dropFirst()),
      storage: tensor.storage, byteOffset: tensor.byteOffset)
  }

  @Test func `among the maps of all classes is that of the reference`() throws {
    let model = "mobilenetv2_torch"
    let classifier = try SharedModels.classifier(model) { $0.targets = [.all] }
    let single = try SharedModels.classifier(model) {
      $0.targets = [0, 7, 500, 999].map { .index($0) }
    }
    let photos = try ReferencePhoto.all().filter { $0.model == model && $0.layer != nil }
    let maps = try ReferencePhoto.maps()
    for photo in photos.prefix(6) {
      let input = try classifier.prepare(try photo.bytes())
      let prediction = try #require(try classifier.predictions(of: [input], batch: 1).first)
      let all = try #require(prediction.classMaps)
      #expect([all.count, all.height, all.width] == [1000, 7, 7])
      let top = try #require(photo.top.first).index
      let expected = try #require(maps[photo.mapName("gradcam")]).elements(of: Float.self)
      #expect(VectorSimilarity(all[top].rectified, expected).cosine > 0.999)
      let alone = try #require(try single.predictions(of: [input], batch: 1).first)
      for explanation in alone.explanations {
        let map = all[explanation.classIndex]
        #expect(relativeDifference(map.values, explanation.map.values) < 1e-5)
      }
    }
  }

  @Test func `photos lose their class with the pixels of its map, and win it back`() throws {
    let classifier = try SharedModels.classifier("mobilenetv2_torch") {
      $0.faithfulness = true
      $0.faithfulnessSteps = 10
    }
    let folder = try #require(SharedFolder.path) + "/photos/imagenet"
    let inputs = try Files.names(in: folder).sorted().prefix(4).map { name in
      try classifier.prepare(try #require(Files.bytes(of: "\(folder)/\(name)")))
    }
    let together = try classifier.predictions(of: inputs, batch: 3)
    let alone = try classifier.predictions(of: inputs.reversed(), batch: 1).reversed()
    let scores = try together.map { try #require($0.explanation?.faithfulness) }
    #expect(scores == alone.map { $0.explanation?.faithfulness })
    for score in scores { #expect(score.insertion > score.deletion + 0.2) }
  }
}
