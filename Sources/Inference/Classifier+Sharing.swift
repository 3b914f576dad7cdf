import Attribution
import Images
import Requests
import Tensors

extension Prediction {
  /// Bytes of the heap that it keeps from being freed; labels belong to the model.
  public var heapBytes: Int {
    logits.heapBytes + probabilities.heapBytes + ranking.heapBytes + explanations.heapBytes
      + explanations.reduce(0) { $0 + $1.heapBytes } + (classMaps?.values.heapBytes ?? 0)
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
      guard let none = Self.noPixels else { return nil }
      content = .image(view: none, geometry: geometry, upright: nil)
    case .tensor: content = .tensor(Self.noNumbers)
    }
    return PreparedInput(
      source: input.source, decodeMilliseconds: 0, preprocessMilliseconds: 0, content: content,
      label: input.label)
  }

  private static let noPixels = try? PixelBuffer([0, 0, 0], width: 1, height: 1, channels: 3)
  private static let noNumbers = Tensor([Float](), shape: [0])
}

extension Explanation {
  /// Bytes of the heap that it keeps from being freed.
  fileprivate var heapBytes: Int {
    map.values.heapBytes + layer.heapBytes + classID.heapBytes + layers.heapBytes
      + layers.reduce(0) { $0 + $1.name.heapBytes }
  }
}

extension PreparedInput {
  /// Bytes of the heap that it keeps from being freed, where its pixels are none.
  public var heapBytesWithoutPixels: Int {
    source.sha256.heapBytes + source.warnings.heapBytes
      + source.warnings.reduce(0) { $0 + $1.heapBytes } + (label?.heapBytes ?? 0)
  }

  /// The same input of an item that is said to show another class.
  public func labelled(_ label: String?) -> PreparedInput {
    PreparedInput(
      source: source, decodeMilliseconds: decodeMilliseconds,
      preprocessMilliseconds: preprocessMilliseconds, content: content, label: label)
  }
}
