import CPlatform
import JSON
import Metrics

/// What the results of a run say as a whole, beyond how many there are; read in their order.
struct ResultTally {
  private var truth = TruthTally()
  private var drift = DriftTally()
  /// The second model of the run, as its fingerprint names it.
  private let compared: JSONValue?

  init(compared: JSONValue? = nil) {
    self.compared = compared
  }

  /// What the manifest's labels say about the results; `nil` when there are none.
  var truthJSON: JSONValue? {
    if truth.isEmpty { return nil }
    return truth.json
  }

  /// How far the second model is from the first; `nil` without one.
  var compareJSON: JSONValue? {
    guard let compared, case .object(var members) = drift.json else { return nil }
    members["model"] = compared["name"]
    members["model_version"] = compared["version"]
    return .object(members)
  }

  /// Adds the JSON of an item.
  mutating func add(_ item: ArraySlice<UInt8>) {
    // Most runs have no labels: their items are not parsed.
    let isScored = contains(item, #""truth":{"#)
    guard isScored || compared != nil || contains(item, #""status":"failed""#),
      let value = try? JSONValue(parsing: Array(item))
    else { return }
    if let truth = value["result"]?["truth"].flatMap(ItemTruth.init(json:)) {
      self.truth.add(truth)
    } else if value["status"]?.string == "failed", value["label"]?.string != nil {
      truth.addFailure()
    }
    if let comparison = value["result"]?["compare"] {
      if let item = driftItem(comparison, of: value) {
        drift.add(item)
      } else {
        drift.addFailure()
      }
    }
  }
}

/// What a result says about the second model beside the first; `nil` where that has failed.
private func driftItem(_ comparison: JSONValue, of value: JSONValue) -> DriftTally.Item? {
  guard let top = comparison["top1"], let first = top["a"], let second = top["b"],
    let name = first["id"]?.string, let other = top["b_name"]?.string,
    let drift = comparison["prob_drift"]?.double
  else { return nil }
  var item = DriftTally.Item(
    id: value["id"]?.string ?? "", first: DriftTally.TopClass(json: first, name: name),
    second: DriftTally.TopClass(json: second, name: other), probabilityDrift: drift)
  if let map = comparison["heatmap"], let rmse = map["rmse"]?.double, let iou = map["iou"]?.double {
    item.heatmaps = MapAgreement(
      rootMeanSquare: rmse, intersectionOverUnion: iou, centerShift: map["center_shift"]?.double)
  }
  if let truth = value["result"]?["truth"].flatMap(ItemTruth.init(json:)),
    let otherTruth = comparison["truth"].flatMap(ItemTruth.init(json:))
  {
    item.truths = DriftTally.Item.Truths(first: truth, second: otherTruth)
  }
  return item
}

/// Whether a text occurs in bytes.
private func contains(_ bytes: ArraySlice<UInt8>, _ text: String) -> Bool {
  bytes.withUnsafeBytes { ic_contains($0.baseAddress, $0.count, text) != 0 }
}
