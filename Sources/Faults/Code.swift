extension Fault {
  /// A dotted error code, such as `image.too_large`; the full list is in `Code.all`.
  public struct Code: Hashable, Sendable {
    public let rawValue: String
    public let kind: Kind

    init(_ rawValue: String, _ kind: Kind) {
      self.rawValue = rawValue
      self.kind = kind
    }
  }
}
