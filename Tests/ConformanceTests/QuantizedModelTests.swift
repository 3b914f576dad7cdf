import Attribution
import InfercamTestSupport
import Inference
import JSON
import Models
import Requests
import Testing

/// A network of 8-bit integers, as QuantizeLinear and DequantizeLinear around float operators.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct QuantizedModelTests {
  @Test func `photos are classified as well as by other runtimes, and maps tell of the rounding`()
    throws
  {
    let classifier = try SharedModels.classifier("mobilenetv2_zoo_qdq")
    let folder = try #require(SharedFolder.path) + "/photos/imagenet/"
    let names = Files.names(in: folder).sorted()
    #expect(names.count == 84)
    let inputs = try names.map { name in
      try classifier.prepare(try #require(Files.bytes(of: folder + name)))
    }
    let predictions = try classifier.predictions(of: inputs, batch: 4)
    // The names begin with the class.
    let correct = zip(names, predictions).count { $0.hasPrefix($1.ranking[0].id) }
    print("top-1 is right on \(correct) of \(names.count)")
    #expect(correct >= Self.correctElsewhere - 2)
    var degenerate: [String] = []
    for (name, (input, prediction)) in zip(names, zip(inputs, predictions)) {
      let explanation = try #require(prediction.explanation)
      #expect([explanation.map.height, explanation.map.width] == [7, 7])
      if explanation.map.degeneracy != nil { degenerate.append(name) }
      let result = classifier.resultObject(prediction, of: input, heatmaps: [])
      #expect(result["heatmap"]?["gradient"] == .string("straight_through"))
    }
    // Where the score itself is clamped to the largest integer, it has no slope.
    print("no slope: \(degenerate)")
    #expect(degenerate.count <= 1)
  }

  /// What ONNX Runtime 1.31 gets right on these photos, with its optimisations and without; their
  /// probabilities differ by up to 0.33, as roundings flip.
  private static let correctElsewhere = 69
}
