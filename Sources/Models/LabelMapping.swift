/// Which classes of one label set stand for which classes of another.
///
/// A class may have one counterpart, several (it was split), or none (it is gone); several classes
/// may share a counterpart (they were merged). A class that is not listed keeps its id.
public struct LabelMapping: Sendable, Hashable {
  /// The labels version that classes are mapped from.
  public let from: String
  /// The labels version that classes are mapped to.
  public let to: String
  /// Ids in `to` by id in `from`; empty for a class without counterpart.
  public let counterparts: [String: [String]]

  public init(from: String, to: String, counterparts: [String: [String]] = [:]) {
    self.from = from
    self.to = to
    self.counterparts = counterparts
  }

  /// The ids in `to` that stand for a class of `from`; empty when it has no counterpart.
  public func counterparts(of id: String) -> [String] {
    counterparts[id] ?? [id]
  }

  /// Whether a class of `from` and one of `to` are the same, or one is a part of the other.
  public func relates(_ id: String, to other: String) -> Bool {
    counterparts(of: id).contains(other)
  }

  /// For each class of `source`, the indices in `target` of its counterparts, ascending.
  ///
  /// An id that `target` does not have is no counterpart.
  public func indices(from source: Labels, to target: Labels) -> [[Int]] {
    let places = target.indicesByID
    return source.classes.map { entry in
      counterparts(of: entry.id).compactMap { places[$0] }.sorted()
    }
  }

  /// The mapping in the other direction.
  /// - Parameter labels: the classes of `from`, of which those that are not listed keep their id.
  public func inverted(over labels: Labels) -> LabelMapping {
    var inverse: [String: [String]] = [:]
    for entry in labels.classes {
      for other in counterparts(of: entry.id) { inverse[other, default: []].append(entry.id) }
    }
    for id in counterparts.keys where inverse[id] == nil { inverse[id] = [] }
    return LabelMapping(from: to, to: from, counterparts: inverse)
  }
}

extension Labels {
  /// The index of each class by its id.
  var indicesByID: [String: Int] {
    Dictionary(classes.enumerated().map { ($1.id, $0) }) { first, _ in first }
  }
}
