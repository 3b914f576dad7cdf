public import Faults
public import Models
import Requests

/// Which class of a model stands for each class of a golden, where the labels differ and a mapping file
/// relates them one to one.
public struct ClassRelation: Sendable, Hashable {
  public let mapping: LabelMapping
  /// The model's index of each of the golden's classes.
  let places: [Int]
  /// The golden's index of each of the model's classes.
  private let origins: [Int]

  /// - Throws: `Fault` with code `model.invalid` for a mapping that splits, merges or drops a class: the
  ///   values of such classes cannot be compared.
  public init(
    from golden: Labels, to model: Labels, by mapping: LabelMapping
  ) throws(Fault) {
    let counterparts = mapping.indices(from: golden, to: model)
    var origins = [Int](repeating: -1, count: model.count)
    for (index, places) in counterparts.enumerated() {
      guard places.count == 1, origins[places[0]] < 0 else {
        let word =
          places.isEmpty ? "has no counterpart for" : places.count > 1 ? "splits" : "merges"
        throw Self.refusal("\(word) the class \(golden.classes[index].id)", mapping)
      }
      origins[places[0]] = index
    }
    if let stranger = origins.firstIndex(of: -1) {
      throw Self.refusal("does not reach the class \(model.classes[stranger].id)", mapping)
    }
    self.mapping = mapping
    self.places = counterparts.map { $0[0] }
    self.origins = origins
  }

  private static func refusal(_ what: String, _ mapping: LabelMapping) -> Fault {
    Fault(
      .modelInvalid,
      "the mapping from labels \(mapping.from) to \(mapping.to) \(what), and a check compares class by "
        + "class: record a golden of labels \(mapping.to), or compare runs with infercam diff",
      details: ["from": .string(mapping.from), "to": .string(mapping.to)])
  }

  /// The same choice of a heatmap in terms of the model.
  public func applied(to choice: ExplanationChoice) -> ExplanationChoice {
    var choice = choice
    switch choice.target {
    case .index(let index) where places.indices.contains(index):
      choice.target = .index(places[index])
    case .named(let name):
      if let id = mapping.counterparts(of: name).first { choice.target = .named(id) }
    default: break
    }
    return choice
  }

  /// What a model computed, in the order of the golden's classes.
  func applied(to item: ComputedItem) -> ComputedItem {
    var item = item
    for place in item.stages.indices
    where item.stages[place].stage == .logits || item.stages[place].stage == .probabilities {
      guard let values = item.stages[place].array.floats, values.count == places.count else {
        continue
      }
      item.stages[place].array = .floats(places.map { values[$0] }, shape: [values.count])
    }
    for place in item.classes.indices {
      item.classes[place].index = origin(item.classes[place].index)
    }
    if let heatmap = item.heatmap { item.heatmap?.classIndex = origin(heatmap.classIndex) }
    return item
  }

  private func origin(_ index: Int) -> Int {
    origins.indices.contains(index) ? origins[index] : index
  }
}
