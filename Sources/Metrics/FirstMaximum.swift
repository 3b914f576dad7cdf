extension Collection where Element == Float {
  /// Where the largest element is, the first of equal ones; `nil` without elements.
  public var firstMaximum: Index? {
    indices.max { self[$0] == self[$1] ? $0 > $1 : self[$0] < self[$1] }
  }
}
