import Faults
import Models
import Requests

extension Classifier {
  /// Refuses a target class that the model does not have, before any work.
  /// - Throws: `Fault` with code `param.out_of_range`.
  func checkTarget() throws(Fault) {
    guard request.gradCAM.enabled else { return }
    switch request.gradCAM.target {
    case .top1, .topk, .label: return
    case .index(let index): _ = try checked(index)
    case .named(let name): _ = try classIndex(named: name)
    }
  }

  /// The classes whose maps are asked for.
  func targetClasses(
    of input: PreparedInput, _ prediction: Prediction
  ) throws(Fault) -> [Int] {
    switch request.gradCAM.target {
    case .top1: return ClassScores.ranking(prediction.probabilities, count: 1)
    case .topk: return prediction.ranking.map(\.index)
    case .index(let index): return [try checked(index)]
    case .named(let name): return [try classIndex(named: name)]
    case .label:
      guard let label = input.label else {
        throw Fault(
          .paramMissing,
          "the target is the item's label, and the item has none: give it one in the manifest",
          details: ["parameter": .string("target")])
      }
      return [try classIndex(named: label)]
    }
  }

  private func classIndex(named name: String) throws(Fault) -> Int {
    guard let index = model.labels.index(named: name) else {
      throw Fault(
        .paramOutOfRange,
        "\(model.name)@\(model.version) has no class \(name): use the id or label of a class",
        details: ["parameter": .string("target"), "value": .string(name)])
    }
    return index
  }

  private func checked(_ index: Int) throws(Fault) -> Int {
    guard model.labels.classes.indices.contains(index) else {
      throw Fault(
        .paramOutOfRange,
        "class index \(index) is outside 0...\(model.labels.count - 1)",
        details: ["parameter": .string("target"), "value": .int(index)])
    }
    return index
  }
}
