import JSON
import Metrics
import Testing

struct DriftTests {
  private func item(
    _ id: String, _ first: String, _ second: String, drift: Double = 0
  ) -> DriftTally.Item {
    func top(_ name: String) -> DriftTally.TopClass {
      DriftTally.TopClass(name: name, id: name, label: name, probability: 0.5)
    }
    return DriftTally.Item(
      id: id, first: top(first), second: top(second), probabilityDrift: drift)
  }

  @Test func `flips are counted, named and limited`() throws {
    var tally = DriftTally(namedFlips: 1)
    tally.add(item("a", "cat", "cat", drift: 0.1))
    tally.add(item("b", "cat", "dog", drift: 0.3))
    tally.add(item("c", "dog", "cat", drift: 0.2))
    let json = tally.json
    #expect(json["flips"]?["count"]?.int == 2)
    #expect(json["flips"]?["items"]?.array?.map { $0["id"]?.string } == ["b"])
    #expect(json["prob_drift"]?["max"]?.double == 0.3)
    #expect(json["prob_drift"]?["max_id"]?.string == "b")
    // The flips cancel out: the labels come as often as before.
    #expect(json["label_rates"]?["psi"]?.double == 0)
  }

  @Test func `the stability index is that of its definition`() throws {
    var rates = LabelRates()
    for _ in 0..<3 { rates.add("a", "a") }
    rates.add("a", "b")
    let (a, b) = ((4.5 / 5, 0.5 / 5), (3.5 / 5, 1.5 / 5))
    // ln(3.5 / 4.5) and ln(3).
    let expected = (b.0 - a.0) * -0.251_314_428_280_906 + (b.1 - a.1) * 1.098_612_288_668_11
    #expect(try #require(rates.stabilityIndex).distance(to: expected).magnitude < 1e-12)
    #expect(rates.json["changed"] == [["id": "a", "a": 4, "b": 3], ["id": "b", "a": 0, "b": 1]])
  }

  @Test func `limits decide on what they name, and what is not known passes no limit`() throws {
    var tally = DriftTally()
    tally.add(item("a", "cat", "dog", drift: 0.2))
    for index in 0..<99 { tally.add(item("\(index)", "cat", "cat")) }
    var limits = DriftLimits()
    #expect(limits.isEmpty)
    limits.flips = .percent(1)
    limits.probabilityDrift = 0.1
    limits.overlap = 0.9
    limits.missing = .count(0)
    let verdicts = limits.verdicts(on: tally.json, missing: (0, 100))
    #expect(verdicts.map(\.name) == ["flips", "missing", "prob_drift", "iou"])
    #expect(verdicts.map(\.passed) == [true, true, false, false])
    limits.flips = .count(0)
    #expect(limits.verdicts(on: tally.json, missing: (0, 100)).first?.passed == false)
  }

  @Test(arguments: ["x", "-1", "101%", "", "%"]) func `a limit that is no number is refused`(
    text: String
  ) {
    #expect(DriftLimits.Quota(text) == nil)
  }
}

struct AgreementTests {
  @Test func `Kendall's tau counts pairs in the same order`() {
    #expect(RankAgreement.kendallTau([1, 2, 3], [10, 20, 30]) == 1)
    #expect(RankAgreement.kendallTau([1, 2, 3], [3, 2, 1]) == -1)
    #expect(RankAgreement.kendallTau([1, 2, 3, 4], [1, 2, 4, 3]) == 4.0 / 6)
    #expect(RankAgreement.kendallTau([1, 1], [2, 2]) == 1)
    #expect(RankAgreement.kendallTau([1, 1], [2, 3]) == 0)
    #expect(RankAgreement.top([1, 3, 3, 2], count: 3) == [1, 2, 3])
  }

  @Test func `arrays say how many values differ and by how much`() {
    let bytes = ArrayDifference([0, 10, 255] as [UInt8], [0, 12, 254])
    #expect(bytes.count == 2 && bytes.maximum == 2 && bytes.place == 1 && bytes.total == 3)
    let numbers = ArrayDifference([1, .nan, -4], [1, .nan, -4.5])
    #expect(numbers.count == 1 && numbers.maximum == 0.5 && numbers.relative == 0.125)
    #expect(ArrayDifference([1], [Float.nan]).maximum == .infinity)
  }

  private func map(_ values: [Float], _ toInput: [Double]) -> MapAgreement.Map {
    MapAgreement.Map(height: 2, width: 2, values: values, toInput: toInput)
  }

  @Test func `maps of one grid are compared cell by cell`() throws {
    let affine = [10.0, 0, 0, 10, 0, 0]
    let agreement = MapAgreement(map([2, 0, -1, 0], affine), map([4, 4, 0, 0], affine))
    #expect(agreement.intersectionOverUnion == 0.5)
    #expect(agreement.rootMeanSquare == 0.5)
    #expect(agreement.centerShift == 5)
    let silent = MapAgreement(map([0, 0, 0, 0], affine), map([-1, 0, 0, 0], affine))
    #expect(silent.intersectionOverUnion == 1 && silent.centerShift == nil)
  }

  @Test func `maps of different grids are placed over the image`() throws {
    let coarse = map([1, 0, 1, 0], [50, 0, 0, 50, 0, 0])
    let fine = MapAgreement.Map(
      height: 4, width: 4, values: (0..<16).map { $0 % 4 < 2 ? 1 : 0 },
      toInput: [25, 0, 0, 25, 0, 0])
    let agreement = MapAgreement(coarse, fine)
    #expect(agreement.intersectionOverUnion > 0.9)
    #expect(agreement.centerShift == 0)
    let aside = MapAgreement(coarse, map([1, 0, 1, 0], [50, 0, 0, 50, 200, 0]))
    #expect(aside.centerShift == 200)
  }
}
