/// The classes of a model, in the order of its outputs.
public struct Labels: Sendable, Hashable {
  public var version: String
  public var classes: [Class]

  public init(version: String, classes: [Class]) {
    self.version = version
    self.classes = classes
  }

  /// A class with the identifier that data sets use and the word that people read.
  public struct Class: Sendable, Hashable {
    public var id: String
    public var label: String

    public init(id: String, label: String) {
      self.id = id
      self.label = label
    }
  }

  public var count: Int { classes.count }

  /// The class with this id, or else the only class with this label.
  public func index(named name: String) -> Int? {
    let matches = { (a: String) in a.utf8.elementsEqual(name.utf8) }
    if let index = classes.firstIndex(where: { matches($0.id) }) { return index }
    let labelled = classes.indices.filter { matches(classes[$0].label) }
    return labelled.count == 1 ? labelled[0] : nil
  }
}
