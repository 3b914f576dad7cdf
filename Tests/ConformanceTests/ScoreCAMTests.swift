import Attribution
import Execution
import FileAccess
import Graphs
import InfercamTestSupport
import Inference
import Models
import ONNXImport
import Requests
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Score-CAM against its definition, written down once more in the plainest way.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct ScoreCAMTests {
  static let model = "resnet20_cifar10_op9"

  @Test func `every channel weighs what the network says of the image seen through it`() throws {
    let folder = try #require(SharedFolder.path)
    let version = try ModelRepository(searchPath: [RawPath(folder + "/models")])
      .resolve(Self.model)
    let storage = try version.load()
    let imported = try importModel(
      bytes: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount),
      owner: storage
    ).graph
    var numbers = SeededTensors(seed: 5)
    let image = numbers.uniform([1, 3, 32, 32], in: -2...2, of: Float.self)
    let prepared = try PreparedGraph(imported, sample: image.shape, layer: "auto")
    let layer = try #require(prepared.layer)
    let network = try Network(
      prepared.graph, results: [prepared.logits, layer], kernels: .auto)
    let results = try network.results(of: [image])[0]
    let activations = try #require(results[layer])
    let logits = try #require(results[prepared.logits]).elements(of: Float.self)
    let top = try #require(logits.indices.max { logits[$0] < logits[$1] })

    var classScores: [Double] = []
    for channel in 0..<activations.shape[1] {
      let masked = try masked(image, activations, channel)
      let scores = try #require(try network.results(of: [masked])[0][prepared.logits])
      classScores.append(Double(scores.elements(of: Float.self)[top]))
    }
    let expected = weighted(activations, softmax(classScores))
    #expect(Set(classScores).count > 8, "the channels must differ")

    let classifier = try SharedModels.classifier(Self.model, method: .scorecam)
    let input = try classifier.prepare(NPY.encode(image))
    for batch in [1, 5] {
      let prediction = try #require(try classifier.predictions(of: [input], batch: batch).first)
      let explanation = try #require(prediction.explanation)
      #expect(explanation.classIndex == top)
      #expect(explanation.layer == prepared.graph[layer].name)
      #expect(relativeDifference(explanation.map.values, expected) < 1e-4)
    }
  }

  /// The image times a plane, interpolated between cell centres and brought into 0...1.
  private func masked(_ image: Tensor, _ activations: Tensor, _ channel: Int) throws -> Tensor {
    let (rows, columns) = (activations.shape[2], activations.shape[3])
    let (height, width) = (image.shape[2], image.shape[3])
    let plane = activations.elements(of: Float.self).map(Double.init)
      .dropFirst(channel * rows * columns).prefix(rows * columns)
    func cell(_ row: Int, _ column: Int) -> Double {
      let place = min(max(row, 0), rows - 1) * columns + min(max(column, 0), columns - 1)
      return plane[plane.startIndex + place]
    }
    var mask: [Double] = []
    for y in 0..<height {
      let v = (Double(y) + 0.5) * Double(rows) / Double(height) - 0.5
      for x in 0..<width {
        let u = (Double(x) + 0.5) * Double(columns) / Double(width) - 0.5
        let (top, left) = (Int(v.rounded(.down)), Int(u.rounded(.down)))
        let (down, right) = (v - Double(top), u - Double(left))
        mask.append(
          (1 - down) * ((1 - right) * cell(top, left) + right * cell(top, left + 1))
            + down * ((1 - right) * cell(top + 1, left) + right * cell(top + 1, left + 1)))
      }
    }
    let (low, high) = (try #require(mask.min()), try #require(mask.max()))
    let scaled = mask.map { high > low ? ($0 - low) / (high - low) : 0 }
    let pixels = image.elements(of: Float.self).enumerated().map { index, value in
      Float(Double(value) * scaled[index % scaled.count])
    }
    return Tensor(pixels, shape: image.shape)
  }

  private func softmax(_ scores: [Double]) -> [Double] {
    let highest = scores.max() ?? 0
    let powers = scores.map { exp($0 - highest) }
    return powers.map { $0 / powers.reduce(0, +) }
  }

  private func weighted(_ activations: Tensor, _ weights: [Double]) -> [Float] {
    let pixels = activations.shape[2] * activations.shape[3]
    let elements = activations.elements(of: Float.self)
    return (0..<pixels).map { pixel in
      Float(
        weights.indices.reduce(0.0) { $0 + weights[$1] * Double(elements[$1 * pixels + pixel]) })
    }
  }
}
