/// A step on the way from the bytes of an input to its results.
public enum Stage: Sendable, Hashable {
  /// Pixels as they are stored.
  case decode
  /// Upright pixels.
  case orient
  /// What the model sees, scaled and cropped.
  case resize
  /// The numbers that go into the network.
  case normalize
  /// An inner layer, by the name of its tensor or node.
  case layer(String)
  case logits
  case probabilities
  /// What the classes are called.
  case labels
  /// The signed class activation map.
  case cam

  private static let layerPrefix = "layer:"

  /// The name in files and reports.
  public var name: String {
    switch self {
    case .decode: "decode"
    case .orient: "orient"
    case .resize: "resize"
    case .normalize: "normalize"
    case .layer(let name): Self.layerPrefix + name
    case .logits: "logits"
    case .probabilities: "probabilities"
    case .labels: "labels"
    case .cam: "cam"
    }
  }

  /// The name for people.
  public var title: String {
    if case .layer(let name) = self { "layer \(name)" } else { name }
  }

  /// The stage of a name; `nil` when there is none.
  public init?(name: String) {
    if name.hasPrefix(Self.layerPrefix) {
      self = .layer(String(name.dropFirst(Self.layerPrefix.count)))
      return
    }
    let plain: [Self] = [
      .decode, .orient, .resize, .normalize, .logits, .probabilities, .labels, .cam,
    ]
    guard let stage = plain.first(where: { $0.name == name }) else { return nil }
    self = stage
  }

  /// The place on the way; layers share one and stand in the order of the graph.
  var order: Int {
    switch self {
    case .decode: 0
    case .orient: 1
    case .resize: 2
    case .normalize: 3
    case .layer: 4
    case .logits: 5
    case .probabilities: 6
    case .labels: 7
    case .cam: 8
    }
  }
}
