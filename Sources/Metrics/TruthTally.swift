public import JSON

/// What predictions are worth where the true class of items is known.
public struct TruthTally: Sendable, Hashable {
  private var scored = 0
  private var unknown = 0
  private var ambiguous = 0
  private var failed = 0
  private var correct = 0
  private var withinFive = 0
  private var calibration = CalibrationError()
  private var ids: [Int: String] = [:]
  /// Items by true and by predicted class.
  private var confusion: [Cell: Int] = [:]

  private struct Cell: Sendable, Hashable {
    var truth: Int
    var predicted: Int
  }

  public init() {}

  /// Whether any item has said which class it shows.
  public var isEmpty: Bool { labelled == 0 }

  /// Items that say which class they show.
  public var labelled: Int { scored + unknown + ambiguous + failed }

  /// The share of scored items whose first class is the true one.
  public var accuracy: Double? { scored > 0 ? Double(correct) / Double(scored) : nil }

  /// The expected calibration error of the scored items.
  public var calibrationError: Double? { calibration.value }

  /// Adds an item by the `truth` of its result.
  public mutating func add(_ truth: ItemTruth) {
    switch truth {
    case .unknown: unknown += 1
    case .ambiguous: ambiguous += 1
    case .scored(let scores):
      scored += 1
      ids[scores.index] = scores.id
      ids[scores.predictedIndex] = scores.predictedID
      confusion[Cell(truth: scores.index, predicted: scores.predictedIndex), default: 0] += 1
      if scores.rank == 1 { correct += 1 }
      if scores.rank <= 5 { withinFive += 1 }
      calibration.add(confidence: scores.confidence, isCorrect: scores.rank == 1)
    }
  }

  /// Counts an item with a label that has no result.
  public mutating func addFailure() { failed += 1 }

  /// The figures in the form of `summary.json`.
  public var json: JSONValue {
    let margins = Margins(confusion)
    return [
      "labelled": JSONValue(labelled), "scored": JSONValue(scored), "unknown": JSONValue(unknown),
      "ambiguous": JSONValue(ambiguous), "failed": JSONValue(failed),
      "accuracy": Self.share(correct, of: scored),
      "top5_accuracy": Self.share(withinFive, of: scored),
      "balanced_accuracy": margins.meanRecall.map(JSONValue.double) ?? .null,
      "ece": calibration.value.map(JSONValue.double) ?? .null,
      "ece_bins": JSONValue(CalibrationError.binCount),
      "mean_confidence": calibration.meanConfidence.map(JSONValue.double) ?? .null,
      "classes": .array(ids.keys.sorted().map { classObject($0, margins) }),
      "confusion": .array(
        confusion.sorted { ($0.key.truth, $0.key.predicted) < ($1.key.truth, $1.key.predicted) }
          .map { [JSONValue($0.key.truth), JSONValue($0.key.predicted), JSONValue($0.value)] }),
    ]
  }

  /// The sums of the confusion matrix by class.
  private struct Margins {
    var support: [Int: Int] = [:]
    var predicted: [Int: Int] = [:]
    var hits: [Int: Int] = [:]

    init(_ confusion: [Cell: Int]) {
      for (cell, count) in confusion {
        support[cell.truth, default: 0] += count
        predicted[cell.predicted, default: 0] += count
        if cell.truth == cell.predicted { hits[cell.truth] = count }
      }
    }

    /// The mean recall of the classes that items show.
    var meanRecall: Double? {
      if support.isEmpty { return nil }
      let recalls = support.keys.sorted().map {
        Double(hits[$0, default: 0]) / Double(support[$0, default: 1])
      }
      return recalls.reduce(0, +) / Double(recalls.count)
    }
  }

  private func classObject(_ index: Int, _ margins: Margins) -> JSONValue {
    let hits = margins.hits[index, default: 0]
    let support = margins.support[index, default: 0]
    let predicted = margins.predicted[index, default: 0]
    return [
      "index": JSONValue(index), "id": JSONValue(ids[index]), "support": JSONValue(support),
      "predicted": JSONValue(predicted), "precision": Self.share(hits, of: predicted),
      "recall": Self.share(hits, of: support),
    ]
  }

  private static func share(_ part: Int, of whole: Int) -> JSONValue {
    whole > 0 ? .double(Double(part) / Double(whole)) : .null
  }
}
