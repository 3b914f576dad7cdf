import CPlatform
import JSON
import Metrics

/// What the results of a run say as a whole, beyond how many there are; read in their order.
struct ResultTally {
  private var truth = TruthTally()

  /// What the manifest's labels say about the results; `nil` when there are none.
  var truthJSON: JSONValue? { truth.isEmpty ? nil : truth.json }

  /// Adds the JSON of an item.
  mutating func add(_ item: ArraySlice<UInt8>) {
    // Most runs have no labels: their items are not parsed.
    let isScored = contains(item, #""truth":{"#)
    guard isScored || contains(item, #""status":"failed""#),
      let value = try? JSONValue(parsing: Array(item))
    else { return }
    if let truth = value["result"]?["truth"].flatMap(ItemTruth.init(json:)) {
      self.truth.add(truth)
    } else if value["status"]?.string == "failed", value["label"]?.string != nil {
      truth.addFailure()
    }
  }
}

/// Whether a text occurs in bytes.
private func contains(_ bytes: ArraySlice<UInt8>, _ text: String) -> Bool {
  bytes.withUnsafeBytes { ic_contains($0.baseAddress, $0.count, text) != 0 }
}
