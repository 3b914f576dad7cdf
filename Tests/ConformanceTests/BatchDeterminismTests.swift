import Attribution
import InfercamTestSupport
import Inference
import Requests
import Testing

/// An image's result may not depend on what it is computed together with.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct BatchDeterminismTests {
  @Test(arguments: [
    ("mobilenetv2_torch", "imagenet", GradCAMOptions.Method.gradcam),
    ("squeezenet1.1", "imagenet", .layercam), ("squeezenet1.1", "imagenet", .gradcam),
    ("mobilenetv2_torch", "imagenet", .eigencam),
    ("resnet20_cifar10_op9", "cifar10", .gradcam), ("resnet20_cifar10_op9", "cifar10", .scorecam),
  ])
  func `predictions and maps are the same bits in any batch and order`(
    _ model: String, _ photos: String, _ method: GradCAMOptions.Method
  ) throws {
    let folder = try #require(SharedFolder.path) + "/photos/\(photos)"
    let classifier = try SharedModels.classifier(model, method: method)
    let inputs = try Files.names(in: folder).sorted().prefix(8).map { name in
      try classifier.prepare(try #require(Files.bytes(of: "\(folder)/\(name)")))
    }
    try #require(inputs.count == 8)
    let alone = try classifier.predictions(of: inputs, batch: 1).map(Bits.init)
    #expect(Set(alone).count == 8, "the images differ, and so must their results")
    for order in [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [3, 3, 0, 6, 1]] {
      for batch in [1, 3, 8] {
        let together = try classifier.predictions(of: order.map { inputs[$0] }, batch: batch)
        #expect(together.map(Bits.init) == order.map { alone[$0] }, "\(order), batch \(batch)")
      }
    }
  }

  /// Every number of a prediction, exactly.
  private struct Bits: Hashable {
    let logits: [UInt32]
    let probabilities: [UInt32]
    let ranking: [RankedClass]
    let map: [UInt32]
    let classIndex: Int?

    init(_ prediction: Prediction) {
      logits = prediction.logits.map(\.bitPattern)
      probabilities = prediction.probabilities.map(\.bitPattern)
      ranking = prediction.ranking
      map = prediction.explanation?.map.values.map(\.bitPattern) ?? []
      classIndex = prediction.explanation?.classIndex
    }
  }
}
