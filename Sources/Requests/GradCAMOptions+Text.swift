extension GradCAMOptions.Target {
  /// Reads `top1`, `topk`, `label`, `index:N`, or a class id or label.
  ///
  /// `nil` for an empty text and for an index that is not a number from 0.
  public init?(_ text: String) {
    switch text {
    case "": return nil
    case "top1": self = .top1
    case "topk": self = .topk
    case "label": self = .label
    default:
      guard text.hasPrefix("index:") else {
        self = .named(text)
        return
      }
      guard let index = Int(text.dropFirst(6)), index >= 0 else { return nil }
      self = .index(index)
    }
  }

  public var text: String {
    switch self {
    case .top1: "top1"
    case .topk: "topk"
    case .label: "label"
    case .index(let index): "index:\(index)"
    case .named(let name): name
    }
  }
}

extension GradCAMOptions.Resolution {
  /// Reads `input`, `model`, `cam` or `WIDTHxHEIGHT`.
  public init?(_ text: String) {
    switch text {
    case "input": self = .input
    case "model": self = .model
    case "cam": self = .cam
    default:
      let sides = text.split(separator: "x", omittingEmptySubsequences: false)
      guard sides.count == 2, let width = Int(sides[0]), let height = Int(sides[1]) else {
        return nil
      }
      self = .size(width: width, height: height)
    }
  }

  public var text: String {
    switch self {
    case .input: "input"
    case .model: "model"
    case .cam: "cam"
    case .size(let width, let height): "\(width)x\(height)"
    }
  }
}
