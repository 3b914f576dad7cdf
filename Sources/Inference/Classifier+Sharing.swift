import Attribution
import Images
import Requests
import Tensors

extension Prediction {
  /// The bytes of its numbers.
  public var byteCount: Int {
    let maps = explanations.reduce(0) { $0 + 4 * $1.map.values.count + 512 }
    return 4 * (logits.count + probabilities.count) + 128 * ranking.count + maps
      + 4 * (classMaps?.values.count ?? 0)
  }

  /// The same prediction for another item, which takes no time.
  public var withoutTimes: Prediction {
    var copy = Prediction(
      logits: logits, probabilities: probabilities, ranking: ranking,
      effectiveTopK: effectiveTopK, inferenceMilliseconds: 0)
    copy.explanations = explanations
    copy.classMaps = classMaps
    return copy
  }
}

extension Classifier {
  /// The input without its pixels, which are not needed to write down a prediction; `nil` where
  /// heatmaps are drawn over them.
  public func withoutPixels(_ input: PreparedInput) -> PreparedInput? {
    if drawsOverlay(input), request.gradCAM.enabled { return nil }
    let content: PreparedInput.Content
    switch input.content {
    case .image(_, let geometry, _):
      guard let none = try? PixelBuffer([0, 0, 0], width: 1, height: 1, channels: 3) else {
        return nil
      }
      content = .image(view: none, geometry: geometry, upright: nil)
    case .tensor: content = .tensor(Tensor([Float](), shape: [0]))
    }
    return PreparedInput(
      source: input.source, decodeMilliseconds: 0, preprocessMilliseconds: 0, content: content,
      label: input.label)
  }
}

extension PreparedInput {
  /// The same input of an item that is said to show another class.
  public func labelled(_ label: String?) -> PreparedInput {
    PreparedInput(
      source: source, decodeMilliseconds: decodeMilliseconds,
      preprocessMilliseconds: preprocessMilliseconds, content: content, label: label)
  }
}
