extension GradCAMOptions.Target {
  /// Reads `top1`, `topk`, `all`, `label`, `index:N`, `index:N,N…`, or a class id or label.
  ///
  /// `nil` for an empty text and for an index that is not a number from 0. Only indices can be
  /// listed: ids and labels may hold commas.
  public static func list(_ text: String) -> [Self]? {
    switch text {
    case "": return nil
    case "top1": return [.top1]
    case "topk": return [.topk]
    case "all": return [.all]
    case "label": return [.label]
    default:
      guard text.hasPrefix("index:") else { return [.named(text)] }
      let numbers = text.dropFirst(6).split(separator: ",", omittingEmptySubsequences: false)
      let indices = numbers.compactMap { Int($0) }.filter { $0 >= 0 }
      return indices.count == numbers.count ? indices.map(Self.index) : nil
    }
  }

  public var text: String {
    switch self {
    case .top1: "top1"
    case .topk: "topk"
    case .all: "all"
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

extension HeatmapFormat {
  /// Reads `none`, or formats between commas; `nil` for anything else.
  public static func list(_ text: String) -> [Self]? {
    if text == "none" { return [] }
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let formats = words.compactMap { Self(rawValue: String($0)) }.filter(selectable.contains)
    return formats.count == words.count ? selectable.filter(formats.contains) : nil
  }
}
