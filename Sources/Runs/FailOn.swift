/// How many failed items make a run fail.
public enum FailOn: Sendable, Hashable {
  case any
  case all
  case never
  /// More than this many.
  case moreThan(Int)
  /// More than this share of the items, in percent.
  case moreThanPercent(Double)

  /// Reads `any`, `all`, `never`, a number or a percentage such as `1%`.
  public init?(_ text: String) {
    switch text {
    case "any": self = .any
    case "all": self = .all
    case "never": self = .never
    default:
      if text.hasSuffix("%") {
        guard let percent = Double(text.dropLast()), (0...100).contains(percent) else { return nil }
        self = .moreThanPercent(percent)
      } else {
        guard let count = Int(text), count >= 0 else { return nil }
        self = .moreThan(count)
      }
    }
  }

  /// Whether `failed` failures among `items` items are too many.
  public func isExceeded(failed: Int, items: Int) -> Bool {
    switch self {
    case .any: failed > 0
    case .all: failed > 0 && failed == items
    case .never: false
    case .moreThan(let count): failed > count
    case .moreThanPercent(let percent): Double(failed) * 100 > percent * Double(items)
    }
  }
}
