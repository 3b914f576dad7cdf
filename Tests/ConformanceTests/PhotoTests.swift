import Attribution
import Faults
import InfercamTestSupport
import Inference
import Requests
import Tensors
import Testing

/// Real photos through real models, from the file's bytes to classes and maps.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct PhotoTests {
  static let models = [
    "squeezenet1.1", "mobilenetv2_torch", "mobilenet_v1_0.25_imagenet_nchw", "mcunet_imagenet_144",
  ]

  @Test func `the expectations are of these models`() throws {
    let photos = try ReferencePhoto.all()
    #expect(photos.count == 92)
    #expect(Set(photos.map(\.model)) == Set(Self.models))
  }

  @Test(arguments: models)
  func `photos give the classes and maps of the reference`(_ model: String) throws {
    let classifier = try SharedModels.classifier(model)
    let photos = try ReferencePhoto.all().filter { $0.model == model }
    let inputs = try photos.map { photo in
      let input = try classifier.prepare(try photo.bytes())
      #expect(input.source.uprightSize == photo.upright, "\(photo.photo)")
      return input
    }
    let maps = try ReferencePhoto.maps()
    var tally = Tally()
    for (photo, prediction) in zip(photos, try classifier.predictions(of: inputs, batch: 8)) {
      tally.count(photo, prediction)
      tally.cosines += try compareMap(of: prediction, photo, "gradcam", maps).map { [$0] } ?? []
    }
    print("\(model): \(tally)")
    #expect(tally.wrongTop.isEmpty)
    #expect(tally.farProbabilities * 50 <= tally.probabilities)
    #expect(tally.cosines.count == photos.count { $0.layer != nil })
  }

  @Test(arguments: models, ["hirescam", "gradcam_plusplus", "xgradcam", "layercam"])
  func `the other methods give the maps of the reference`(
    _ model: String, _ method: String
  ) throws {
    let classifier = try SharedModels.classifier(
      model, method: try #require(GradCAMOptions.Method(rawValue: method)))
    let photos = try ReferencePhoto.all().filter { $0.model == model && $0.layer != nil }
    let inputs = try photos.map { try classifier.prepare(try $0.bytes()) }
    let maps = try ReferencePhoto.maps()
    var cosines: [Double] = []
    for (photo, prediction) in zip(photos, try classifier.predictions(of: inputs, batch: 8)) {
      cosines += try compareMap(of: prediction, photo, method, maps).map { [$0] } ?? []
    }
    #expect(cosines.count == photos.count)
    if let least = cosines.min() { print("\(model), \(method): least cosine \(least)") }
  }

  /// The cosine of a prediction's map and the expected one, where the reference has one.
  private func compareMap(
    of prediction: Prediction, _ photo: ReferencePhoto, _ method: String, _ maps: NPZ
  ) throws -> Double? {
    guard let layer = photo.layer else { return nil }
    let explanation = try #require(prediction.explanation)
    let name = photo.mapName(method)
    let expected = try #require(maps[name], "\(name)")
    #expect(explanation.layer == layer)
    #expect([explanation.map.height, explanation.map.width] == expected.shape.dimensions)
    let similarity = VectorSimilarity(
      explanation.map.rectified, expected.elements(of: Float.self))
    #expect(similarity.cosine > 0.999, "\(name)")
    #expect(abs(similarity.scale - 1) < 0.05, "\(name)")
    return similarity.cosine
  }

  /// How well the predictions agree.
  private struct Tally: CustomStringConvertible {
    var photos = 0
    var wrongTop: [String] = []
    var probabilities = 0
    /// Probabilities that are more than 0.01 off.
    var farProbabilities = 0
    var largestDifference = 0.0
    var cosines: [Double] = []

    mutating func count(_ photo: ReferencePhoto, _ prediction: Prediction) {
      photos += 1
      if prediction.ranking.first?.index != photo.top.first?.index
        || prediction.ranking.first?.id != photo.top.first?.id
      {
        wrongTop.append(photo.photo)
      }
      for expected in photo.top {
        let found = Double(prediction.probabilities[expected.index])
        let difference = abs(found - expected.probability)
        probabilities += 1
        if !(difference <= 0.01) { farProbabilities += 1 }
        largestDifference = max(largestDifference, difference)
      }
    }

    var description: String {
      let maps = cosines.min().map { ", least cosine of \(cosines.count) maps \($0)" } ?? ""
      return "top-1 agrees on \(photos - wrongTop.count) of \(photos), "
        + "\(probabilities - farProbabilities) of \(probabilities) probabilities within 0.01 "
        + "(largest difference \(largestDifference))" + maps
    }
  }
}

extension SourceFacts {
  /// Width and height once the orientation is applied.
  fileprivate var uprightSize: [Int] {
    guard let width, let height, let orientation else { return [] }
    return orientation >= 5 ? [height, width] : [width, height]
  }
}
