public import Faults
import Images
import Inference
import JSON
import Metrics
import Models

extension GoldenFolder {
  /// Computes the inputs of a baseline with a model and compares the values.
  /// - Parameter relation: how the model's classes are related to others of the golden; `nil` compares
  ///   them by index.
  /// - Throws: `Fault` with code `model.invalid` when a file of the golden is missing or damaged.
  public func compare(
    _ subject: GoldenSubject, with baseline: GoldenBaseline, _ tolerances: Tolerances,
    relation: ClassRelation? = nil, batch: Int, workers: Int
  ) throws(Fault) -> CheckReport {
    let computed = try subject.compute(try inputs(of: baseline), batch: batch, workers: workers)
    var items: [ItemComparison] = []
    let comparison = Comparison(folder: self, baseline: baseline, tolerances: tolerances)
    for (item, result) in zip(baseline.items, computed) {
      switch result {
      case .success(let actual):
        items.append(
          try comparison.compare(item, relation.map { $0.applied(to: actual) } ?? actual))
      case .failure(let fault):
        var failed = ItemComparison(name: item.name, file: item.file)
        failed.failure = fault.message
        items.append(failed)
      }
    }
    return CheckReport(
      model: subject.model.reference,
      isSameProfile: baseline.isOf(subject.engine), machine: MachineFacts(subject.engine),
      baseline: baseline, folder: path, changes: changes(from: baseline.model, subject.model),
      labels: try compareLabels(baseline, subject.model, relation), items: items)
  }

  private func changes(
    from golden: JSONValue, _ model: ModelVersion
  ) -> [CheckReport.Change] {
    let now = leaves(model.goldenIdentity)
    let then = leaves(golden)
    return Set(now.keys).union(then.keys).sorted().compactMap { name in
      let change = CheckReport.Change(
        field: name, golden: then[name] ?? .null, now: now[name] ?? .null)
      return change.golden == change.now ? nil : change
    }
  }

  private func leaves(_ value: JSONValue, _ path: String = "") -> [String: JSONValue] {
    guard case .object(let members) = value, !members.isEmpty else { return [path: value] }
    return members.reduce(into: [:]) { result, member in
      let name = path.isEmpty ? member.key : path + "." + member.key
      result.merge(leaves(member.value, name)) { first, _ in first }
    }
  }

  private func compareLabels(
    _ baseline: GoldenBaseline, _ model: ModelVersion, _ relation: ClassRelation?
  ) throws(Fault) -> StageComparison {
    if let relation {
      let mapping = relation.mapping
      return StageComparison(
        .labels, .identical, note: "related by the mapping from \(mapping.from) to \(mapping.to)")
    }
    return compareLabels(try labels(of: baseline), model.labels)
  }

  private func compareLabels(_ golden: Labels, _ now: Labels) -> StageComparison {
    if golden.classes == now.classes { return StageComparison(.labels, .identical) }
    if golden.count != now.count {
      return StageComparison(
        .labels, .differs, note: "\(now.count) classes instead of \(golden.count)")
    }
    let places = golden.classes.indices.filter { golden.classes[$0] != now.classes[$0] }
    let shown = places.prefix(3).map { place in
      "class \(place) is \(now.classes[place].id) \(now.classes[place].label), was "
        + "\(golden.classes[place].id) \(golden.classes[place].label)"
    }
    let more = places.count > 3 ? "; \(places.count - 3) more" : ""
    return StageComparison(
      .labels, .differs,
      note: "\(grouped(places.count)) of \(grouped(golden.count)) classes: "
        + shown.joined(separator: "; ") + more)
  }
}

/// Compares the values of items with those of a baseline.
private struct Comparison {
  let folder: GoldenFolder
  let baseline: GoldenBaseline
  let tolerances: Tolerances

  func compare(_ golden: GoldenItem, _ actual: ComputedItem) throws(Fault) -> ItemComparison {
    var comparison = ItemComparison(name: golden.name, file: golden.file)
    for record in golden.stages {
      comparison.stages.append(try compare(record, golden, actual.array(of: record.stage)))
    }
    comparison.ranks = try compareRanks(golden, actual)
    comparison.heatmap = try compareHeatmaps(golden, actual, &comparison)
    return comparison
  }

  private func compare(
    _ record: StageRecord, _ golden: GoldenItem, _ actual: StageArray?
  ) throws(Fault) -> StageComparison {
    let stage = record.stage
    guard let actual else {
      return StageComparison(stage, .differs, note: "the model has no such stage")
    }
    guard actual.shape == record.shape, actual.dtype == record.dtype else {
      return StageComparison(
        stage, .differs,
        note: "\(actual.dtype) \(text(actual.shape)) instead of \(record.dtype) "
          + text(record.shape))
    }
    if actual.sha256 == record.sha256 { return StageComparison(stage, .identical) }
    guard let expected = try expectedArray(record, golden),
      let difference = expected.difference(from: actual)
    else {
      return StageComparison(
        stage, .differs,
        note: "other values of the same shape, \(text(record.shape)) (their digest alone is kept)")
    }
    let limit = tolerances.bound(of: stage).limit(scale: difference.scale)
    return StageComparison(
      stage, difference.maximum <= limit ? .within : .differs, difference: difference, limit: limit)
  }

  /// The golden values; the numbers of a picture are made again of the picture.
  private func expectedArray(
    _ record: StageRecord, _ golden: GoldenItem
  ) throws(Fault) -> StageArray? {
    if let array = try folder.array(of: record) { return array }
    guard record.stage == .normalize,
      let view = golden.stages.first(where: { $0.stage == .resize }),
      case .bytes(let bytes, let shape)? = try folder.array(of: view), shape.count == 3,
      let input = baseline.model["input"],
      let order = input["color"]?.string.flatMap(ColorOrder.init(word:)),
      let mean = input["mean"]?.array?.compactMap(\.double),
      let std = input["std"]?.array?.compactMap(\.double),
      let normalization = try? Normalization(order: order, mean: mean, std: std),
      let pixels = try? PixelBuffer(
        bytes, width: shape[1], height: shape[0], channels: shape[2]),
      let planes = try? normalization.planes(of: pixels)
    else { return nil }
    let array = try StageArray(planes)
    return array.sha256 == record.sha256 ? array : nil
  }

  private func compareRanks(
    _ golden: GoldenItem, _ actual: ComputedItem
  ) throws(Fault) -> RankComparison? {
    guard let record = golden.stages.first(where: { $0.stage == .probabilities }),
      let expected = try folder.array(of: record)?.floats,
      let found = actual.array(of: .probabilities)?.floats, expected.count == found.count,
      let first = golden.classes.first, let winner = actual.classes.first
    else { return nil }
    // Two classes are as likely as each other when they might be told apart by the tolerance alone.
    let slack = Float(
      2 * tolerances.bound(of: .probabilities).limit(scale: Double(expected.max() ?? 0)))
    let count = min(tolerances.topK, expected.count)
    let expectedTop = RankAgreement.top(expected, count: count)
    let foundTop = RankAgreement.top(found, count: count)
    let least = expectedTop.last.map { expected[$0] } ?? 0
    let newcomers = foundTop.filter { place in
      !expectedTop.contains(place) && expected[place] < least - slack
    }
    return RankComparison(
      expected: first, actual: winner,
      isTopSame: first.index == winner.index
        || expected[winner.index] >= expected[first.index] - slack,
      newcomers: newcomers.map { place in
        actual.classes.first { $0.index == place }
          ?? ExpectedClass(
            index: place, id: "\(place)", label: "class \(place)", probability: found[place])
      },
      topK: count,
      kendallTau: try kendallTau(golden, actual) ?? 1,
      leastTau: tolerances.kendallTau)
  }

  /// How far the order of the first ten classes of either side agrees, by their logits.
  private func kendallTau(
    _ golden: GoldenItem, _ actual: ComputedItem
  ) throws(Fault) -> Double? {
    guard let record = golden.stages.first(where: { $0.stage == .logits }),
      let expected = try folder.array(of: record)?.floats,
      let found = actual.array(of: .logits)?.floats, expected.count == found.count
    else { return nil }
    return leadingTau(expected, found)
  }

  private func compareHeatmaps(
    _ golden: GoldenItem, _ actual: ComputedItem, _ comparison: inout ItemComparison
  ) throws(Fault) -> HeatmapComparison? {
    guard let expected = golden.heatmap, let found = actual.heatmap,
      let record = golden.stages.first(where: { $0.stage == .cam }),
      let before = try folder.array(of: record), let now = actual.array(of: .cam),
      let agreement = agreement((expected, before), (found, now))
    else { return nil }
    if expected.classIndex != found.classIndex,
      let place = comparison.stages.firstIndex(where: { $0.stage == .cam })
    {
      comparison.stages[place].note =
        "it explains class \(found.classIndex) instead of \(expected.classIndex)"
    }
    return HeatmapComparison(agreement: agreement, tolerances: tolerances)
  }

  private func text(_ shape: [Int]) -> String {
    shape.map(String.init).joined(separator: "x")
  }
}

/// Kendall's tau of the first ten places of either list of scores.
func leadingTau(_ first: [Float], _ second: [Float]) -> Double {
  let places = Set(RankAgreement.top(first, count: 10) + RankAgreement.top(second, count: 10))
    .sorted()
  return RankAgreement.kendallTau(places.map { first[$0] }, places.map { second[$0] })
}

/// How far two maps with their places agree.
func agreement(
  _ first: (facts: ExpectedHeatmap, values: StageArray),
  _ second: (facts: ExpectedHeatmap, values: StageArray)
) -> MapAgreement? {
  func map(_ facts: ExpectedHeatmap, _ array: StageArray) -> MapAgreement.Map? {
    guard let values = array.floats, array.shape.count == 2 else { return nil }
    return MapAgreement.Map(
      height: array.shape[0], width: array.shape[1], values: values, toInput: facts.toInput)
  }
  guard let a = map(first.facts, first.values), let b = map(second.facts, second.values) else {
    return nil
  }
  return MapAgreement(a, b)
}

extension ColorOrder {
  /// The order of a word of `version.json`.
  fileprivate init?(word: String) {
    guard let color = ModelSpec.Color(rawValue: word) else { return nil }
    switch color {
    case .rgb: self = .rgb
    case .bgr: self = .bgr
    case .gray: self = .gray
    }
  }
}
