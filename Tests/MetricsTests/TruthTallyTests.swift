import JSON
import Metrics
import Testing

struct TruthTallyTests {
  private func scored(_ truth: Int, rank: Int, predicted: Int, confidence: Float) -> ItemTruth {
    .scored(
      ItemTruth.Scores(
        match: "id", index: truth, id: "c\(truth)", rank: rank, probability: 0.1,
        predictedIndex: predicted, predictedID: "c\(predicted)", predictedProbability: confidence))
  }

  @Test func `accuracy counts scored items alone, and the others are told`() throws {
    var tally = TruthTally()
    tally.add(scored(0, rank: 1, predicted: 0, confidence: 0.9))
    tally.add(scored(0, rank: 2, predicted: 1, confidence: 0.6))
    tally.add(scored(1, rank: 6, predicted: 2, confidence: 0.6))
    tally.add(scored(1, rank: 1, predicted: 1, confidence: 0.7))
    tally.add(.unknown)
    tally.add(.ambiguous)
    tally.addFailure()
    let json = tally.json
    #expect(json["labelled"]?.int == 7)
    #expect(json["scored"]?.int == 4)
    #expect(json["unknown"]?.int == 1 && json["ambiguous"]?.int == 1 && json["failed"]?.int == 1)
    #expect(json["accuracy"]?.double == 0.5)
    #expect(json["top5_accuracy"]?.double == 0.75)
    #expect(json["balanced_accuracy"]?.double == 0.5)
    #expect(json["confusion"] == [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 2, 1]])
    let classes = try #require(json["classes"]?.array)
    #expect(classes.map { $0["precision"]?.double } == [1, 0.5, 0])
    #expect(classes.map { $0["recall"]?.double } == [0.5, 0.5, nil])
    #expect(classes[2]["recall"] == .null)
  }

  @Test func `the calibration error is that of its definition`() throws {
    var error = CalibrationError()
    // Two bins: 0.9 and 0.9 of which one is right, 0.3 that is wrong.
    error.add(confidence: 0.9, isCorrect: true)
    error.add(confidence: 0.9, isCorrect: false)
    error.add(confidence: 0.3, isCorrect: false)
    let expected = (2 * (0.9 - 0.5) + 0.3) / 3
    #expect(try #require(error.value).distance(to: expected).magnitude < 1e-12)
    #expect(CalibrationError().value == nil)
  }

  @Test(arguments: [0, 1 / 15.0, 0.5, 1]) func `confidence at the edge of a bin has a bin`(
    confidence: Double
  ) {
    var error = CalibrationError()
    error.add(confidence: confidence, isCorrect: true)
    #expect(error.value == 1 - confidence)
  }

  @Test func `what an item says is read back as it was written`() {
    for truth in [.unknown, .ambiguous, scored(3, rank: 2, predicted: 1, confidence: 0.625)] {
      #expect(ItemTruth(json: truth.json) == truth)
    }
    #expect(ItemTruth(json: ["match": "id"]) == nil)
  }
}
