extension Labels {
  /// What a word that stands for a class turns out to mean.
  public enum Match: Sendable, Hashable {
    /// No class has the id, the label or the index.
    case none
    /// Several classes could be meant.
    case ambiguous
    case id(Int)
    case label(Int)
    case index(Int)
  }

  /// Finds the class that a label of somebody else's data means: by id, by label, or by index.
  ///
  /// An id or label that is a class counts before an index. A word is ambiguous when several classes
  /// have it as their label, or when it is the id of one class and the label of another.
  public func match(_ name: String) -> Match {
    func isName(_ text: String) -> Bool { text.utf8.elementsEqual(name.utf8) }
    let id = classes.firstIndex { isName($0.id) }
    let labelled = classes.indices.filter { isName(classes[$0].label) }
    if labelled.contains(where: { $0 != labelled.first || id != nil && $0 != id }) {
      return .ambiguous
    }
    if let id { return .id(id) }
    if let label = labelled.first { return .label(label) }
    let isNumber = !name.isEmpty && name.utf8.allSatisfy { (0x30...0x39).contains($0) }
    if isNumber, let index = Int(name), classes.indices.contains(index) { return .index(index) }
    return .none
  }
}
