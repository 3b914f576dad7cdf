import Testing

@testable import Metrics

/// Temperatures against those of NumPy (bisection on the slope, 300 halvings; SciPy finds the same minimum).
struct TemperatureFitTests {
  static let rows: [[Float]] = [
    [5.37, 1.31, 0.29, -5.59], [-0.83, -1.06, -0.25, -1.88], [-0.13, -1.43, -3.94, 2.65],
    [2.64, 5.13, 0.15, -1.21], [-1.64, -4.64, 2.95, -3.3], [-3.56, -0.62, 4.46, 0.71],
    [-3.07, -2.14, 1.88, -0.48], [-2.31, -0.69, 2.24, 5.93], [-3.73, -1.88, -2.41, -7.26],
    [-2.77, -3.07, 3.37, -0.4], [-4.87, 1.94, -1.07, -5.23], [-1.79, -1.77, -2.62, 0.09],
  ]
  static let truths = [0, 1, 3, 1, 2, 2, 2, 3, 1, 2, 1, 2]

  private func table(scale: Float, truths: [Int] = Self.truths) -> LabelledLogits {
    var items = LabelledLogits(classCount: 4)
    for (row, truth) in zip(Self.rows, truths) { items.add(row.map { $0 * scale }, truth: truth) }
    return items
  }

  private func temperature(_ items: LabelledLogits) -> Double? {
    if case .found(let temperature) = TemperatureFit(items) { temperature } else { nil }
  }

  @Test(arguments: [(1 as Float, 1.116722749), (4, 4.466890996), (0.25, 0.279180687)])
  func `the temperature is the one of another minimiser`(
    scale: Float, expected: Double
  ) throws {
    let items = table(scale: scale)
    let found = try #require(temperature(items))
    #expect((found - expected).magnitude < 2e-9 * max(1, expected))
    let least = try #require(items.scores(temperature: found)).negativeLogLikelihood
    #expect((least - 0.46591272187380794).magnitude < 1e-12)
    for other in [0.99, 1.01] {
      let more = try #require(items.scores(temperature: found * other))
      #expect(more.negativeLogLikelihood > least)
    }
  }

  @Test func `the figures are those of another program`() throws {
    let before = try #require(table(scale: 1).scores(temperature: 1))
    #expect((before.negativeLogLikelihood - 0.4693805601291137).magnitude < 1e-12)
    #expect((before.calibrationError - 0.17005466918150583).magnitude < 1e-12)
    #expect(before.accuracy == 10.0 / 12)
    #expect(LabelledLogits(classCount: 4).scores(temperature: 1) == nil)
  }

  @Test func `items that are all right, and logits that say nothing, determine no temperature`() {
    let best = Self.rows.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
    #expect(TemperatureFit(table(scale: 1, truths: best)) == .belowRange)
    #expect(TemperatureFit(table(scale: 50, truths: best)) == .belowRange)
    let worst = Self.rows.map { row in row.indices.min { row[$0] < row[$1] } ?? 0 }
    #expect(TemperatureFit(table(scale: 1, truths: worst)) == .aboveRange)
    var flat = LabelledLogits(classCount: 4)
    for truth in 0..<12 { flat.add([1, 1, 1, 1], truth: truth % 4) }
    #expect(temperature(flat) == nil)
  }
}
