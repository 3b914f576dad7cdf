import Faults
import Models
import Requests

extension Classifier {
  /// Refuses a target class that the model does not have, before any work.
  /// - Throws: `Fault` with code `param.out_of_range`.
  func checkTargets() throws(Fault) {
    guard request.gradCAM.enabled else { return }
    for target in request.gradCAM.targets {
      switch target {
      case .top1, .topk, .all, .label: continue
      case .index(let index): _ = try checked(index)
      case .named(let name): _ = try classIndex(named: name)
      }
    }
  }

  /// The classes whose maps are asked for, in the order of the targets; none for all of them.
  func explainedClasses(
    of input: PreparedInput, _ prediction: Prediction
  ) throws(Fault) -> [ExplainedClass] {
    var classes: [ExplainedClass] = []
    for target in request.gradCAM.targets {
      let indices = try classIndices(of: target, input, prediction)
      classes += indices.map { ExplainedClass(target: target, index: $0) }
    }
    return classes
  }

  private func classIndices(
    of target: GradCAMOptions.Target, _ input: PreparedInput, _ prediction: Prediction
  ) throws(Fault) -> [Int] {
    switch target {
    case .top1: return ClassScores.ranking(prediction.probabilities, count: 1)
    case .topk: return prediction.ranking.map(\.index)
    case .all: return []
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

/// A class to explain, and the target that chose it.
struct ExplainedClass {
  var target: GradCAMOptions.Target
  var index: Int
}
