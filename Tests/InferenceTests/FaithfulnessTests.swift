import Attribution
import InfercamTestSupport
import Inference
import JSON
import Requests
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Deletion and insertion against their definition, one image at a time.
struct FaithfulnessTests {
  let model: SmallModel
  let image = SmallModel.images(1)[0]

  init() throws {
    model = try SmallModel()
  }

  @Test(arguments: [1, 7, 50, 256, 1000])
  func `the scores are the areas under the curves of the probability`(steps: Int) throws {
    let classifier = try model.classifier {
      $0.targets = [.index(2)]
      $0.faithfulness = true
      $0.faithfulnessSteps = steps
    }
    let explanation = try #require(try classifier.prediction(of: image).prediction.explanation)
    let found = try #require(explanation.faithfulness)
    #expect(found.steps == min(steps, 256))
    let order = pixelOrder(explanation.map)
    let blurred = blurred(image)
    let plain = try model.classifier { $0.enabled = false }
    let pixels = image.elements(of: Float.self)
    var deletion: [Tensor] = []
    var insertion: [Tensor] = []
    for step in 0...found.steps {
      let gone = Set(order.prefix(step * 256 / found.steps))
      let faded = pixels.indices.map { gone.contains($0 % 256) ? 0 : pixels[$0] }
      let shown = pixels.indices.map { gone.contains($0 % 256) ? pixels[$0] : blurred[$0] }
      deletion.append(Tensor(faded, shape: [3, 16, 16]))
      insertion.append(Tensor(shown, shape: [3, 16, 16]))
    }
    #expect(abs(found.deletion - (try area(plain, deletion))) < 1e-6)
    #expect(abs(found.insertion - (try area(plain, insertion))) < 1e-6)
  }

  @Test func `the scores are the same for any batch`() throws {
    let classifier = try model.classifier {
      $0.targets = [.topk, .top1]
      $0.faithfulness = true
      $0.faithfulnessSteps = 11
    }
    let images = SmallModel.images(5, seed: 6)
    func results(batch: Int) throws -> [String] {
      try classifier.predictions(of: images, batch: batch).map { input, prediction in
        classifier.resultObject(prediction, of: input, heatmaps: []).encodedText
      }
    }
    let alone = try results(batch: 1)
    #expect(Set(alone).count == 5)
    #expect(alone[0].contains(#""faithfulness":{"deletion":"#))
    for batch in [2, 3, 8] { #expect(try results(batch: batch) == alone) }
  }

  @Test(arguments: [GradCAMOptions.Method.scorecam, .eigencam])
  func `maps of every method are scored`(method: GradCAMOptions.Method) throws {
    let classifier = try model.classifier {
      $0.method = method
      $0.faithfulness = true
    }
    for (_, prediction) in try classifier.predictions(of: SmallModel.images(3), batch: 2) {
      let explanation = try #require(prediction.explanation)
      #expect((explanation.faithfulness == nil) == (explanation.map.degeneracy != nil))
    }
  }

  @Test func `a map that says nothing has no score`() throws {
    let classifier = try model.classifier { $0.faithfulness = true }
    let (input, prediction) = try classifier.prediction(of: Tensor(zeros: .float32, [3, 16, 16]))
    #expect(prediction.explanation?.map.degeneracy == .allZero)
    let heatmap = classifier.resultObject(prediction, of: input, heatmaps: [])["heatmap"]
    #expect(heatmap?["faithfulness"] == .null)
    #expect(heatmap?["center_of_mass"] == .null)
  }

  /// The pixels from the hottest on; the map lies over the input in cells of 2 x 2 pixels.
  private func pixelOrder(_ map: ClassActivationMap) -> [Int] {
    let rectified = map.rectified
    func cell(_ row: Int, _ column: Int) -> Float {
      rectified[min(max(row, 0), 7) * 8 + min(max(column, 0), 7)]
    }
    let heat = (0..<256).map { pixel -> Float in
      let (y, x) = (pixel / 16, pixel % 16)
      let (top, left) = ((y + 1) / 2 - 1, (x + 1) / 2 - 1)
      let down: Float = y % 2 == 0 ? 0.75 : 0.25
      let right: Float = x % 2 == 0 ? 0.75 : 0.25
      let a = cell(top, left) + down * (cell(top + 1, left) - cell(top, left))
      let b = cell(top, left + 1) + down * (cell(top + 1, left + 1) - cell(top, left + 1))
      return a + right * (b - a)
    }
    return (0..<256).sorted { heat[$0] == heat[$1] ? $0 < $1 : heat[$0] > heat[$1] }
  }

  /// Each pixel as the weighted mean of the 11 x 11 around it.
  private func blurred(_ image: Tensor) -> [Float] {
    let pixels = image.elements(of: Float.self)
    return pixels.indices.map { place in
      let (plane, y, x) = (place / 256 * 256, place % 256 / 16, place % 16)
      var (sum, weights) = (0.0, 0.0)
      for down in -5...5 {
        for right in -5...5 {
          let weight = exp(-Double(down * down + right * right) / 50)
          let row = min(max(y + down, 0), 15)
          let column = min(max(x + right, 0), 15)
          sum += weight * Double(pixels[plane + row * 16 + column])
          weights += weight
        }
      }
      return Float(sum / weights)
    }
  }

  /// The area under the probability of class 2.
  private func area(_ classifier: Classifier, _ images: [Tensor]) throws -> Double {
    let curve = try classifier.predictions(of: images).map {
      Double($0.prediction.probabilities[2])
    }
    let pairs = zip(curve, curve.dropFirst()).map { ($0 + $1) / 2 }
    return pairs.reduce(0, +) / Double(pairs.count)
  }
}
