import JSON
import Requests
import Tensors
import Testing

@testable import Attribution
@testable import Inference
@testable import Runs

struct SharedPredictionsTests {
  static func key(_ number: Int, _ options: ItemOptions = .none) -> SharedPredictions.Key {
    let digits = String(number)
    return SharedPredictions.Key(
      sha256: String(repeating: "0", count: 64 - digits.count) + digits, options: options)
  }

  static func prediction(
    classes: Int = 1000, ranked: Int = 5, cells: Int = 49, maps: Int = 1, layer: String = "conv"
  ) -> Prediction {
    let numbers = [Float](repeating: 0, count: classes)
    let ranking = (0..<ranked).map { RankedClass(index: $0, id: "", label: "", probability: 0) }
    var prediction = Prediction(
      logits: numbers, probabilities: numbers, ranking: ranking, effectiveTopK: ranked,
      inferenceMilliseconds: 0)
    prediction.explanations = (0..<maps).map { _ in
      Explanation(
        map: ClassActivationMap(
          height: 1, width: cells, values: [Float](repeating: 0, count: cells)),
        classIndex: 0, classID: "", target: .top1, layer: layer, layers: [])
    }
    return prediction
  }

  static func input(
    _ tensor: Tensor = Tensor([Float](), shape: [0]), warnings: [String] = [], label: String? = nil
  ) -> PreparedInput {
    PreparedInput(
      source: SourceFacts(
        sha256: "", bytes: 1, format: "npy", width: nil, height: nil, orientation: nil,
        resized: nil, shrink: 1, warnings: warnings, partial: false),
      decodeMilliseconds: 0, preprocessMilliseconds: 0, content: .tensor(tensor), label: label)
  }

  static func bytes(
    _ prediction: Prediction = prediction(), _ input: PreparedInput? = input(),
    for key: SharedPredictions.Key = key(0)
  ) -> Int {
    SharedPredictions.heapBytes(
      of: SharedPredictions.Shared(prediction: prediction, input: input), for: key)
  }

  /// Settles keys with tensors of their own, and returns what tells which of them live.
  private func settle(_ numbers: Range<Int>, in shared: SharedPredictions) -> [Weak] {
    numbers.map { number in
      let tensor = Tensor([Float(number)], shape: [1])
      guard case .owned = shared.claim(Self.key(number)) else {
        Issue.record("\(number) is known")
        return Weak()
      }
      shared.settle(
        Self.key(number),
        SharedPredictions.Shared(prediction: Self.prediction(), input: Self.input(tensor)))
      return Weak(storage: tensor.storage)
    }
  }

  private struct Weak {
    weak var storage: TensorStorage?
  }

  private func isKnown(_ number: Int, in shared: SharedPredictions) -> Bool {
    switch shared.claim(Self.key(number)) {
    case .known: return true
    case .awaited: return false
    case .owned:
      shared.settle(Self.key(number), nil)
      return false
    }
  }

  @Test(arguments: [1, 10, 1000])
  func `as many predictions are kept as the bytes allow, the oldest go and are freed`(
    count: Int
  ) {
    let size = Self.bytes()
    let shared = SharedPredictions(byteLimit: count * size + size / 2)
    let total = 3 * count + 200
    let living = settle(0..<total, in: shared)
    #expect(shared.kept == (count, count * size))
    #expect(living.indices.filter { living[$0].storage != nil } == Array((total - count)..<total))
    #expect((0..<total).filter { isKnown($0, in: shared) } == Array((total - count)..<total))
  }

  @Test func `a prediction larger than all that is kept is forgotten at once`() {
    let shared = SharedPredictions(byteLimit: Self.bytes() - 1)
    let living = settle(0..<3, in: shared)
    #expect(shared.kept == (0, 0))
    #expect(living.allSatisfy { $0.storage == nil })
  }

  @Test func `what nothing came of takes no room`() {
    let shared = SharedPredictions(byteLimit: 1 << 20)
    for number in 0..<10 { #expect(!isKnown(number, in: shared)) }
    #expect(shared.kept == (0, 0))
  }

  /// Something more that is kept, and the least that it takes.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let atLeast: Int
    let bytes: @Sendable () throws -> Int
  }

  static let long = String(repeating: "x", count: 100)

  static let cases = [
    Case(testDescription: "classes, as logits and probabilities", atLeast: 8000) {
      bytes(prediction(classes: 2000))
    },
    Case(testDescription: "reported classes", atLeast: 95 * MemoryLayout<RankedClass>.stride) {
      bytes(prediction(ranked: 100))
    },
    Case(testDescription: "a finer map", atLeast: 4 * 951) { bytes(prediction(cells: 1000)) },
    Case(
      testDescription: "more maps", atLeast: 9 * (MemoryLayout<Explanation>.stride + 32 + 4 * 49)
    ) { bytes(prediction(maps: 10)) },
    Case(testDescription: "the layer's name", atLeast: 100) { bytes(prediction(layer: long)) },
    Case(testDescription: "the maps of all classes", atLeast: 4 * 49000) {
      var one = prediction()
      one.classMaps = ClassActivationMaps(
        count: 1000, height: 7, width: 7, values: [Float](repeating: 0, count: 49000))
      return bytes(one)
    },
    Case(testDescription: "warnings", atLeast: 200) {
      bytes(prediction(), input(warnings: [long, long]))
    },
    Case(testDescription: "the label of the input", atLeast: 100) {
      bytes(prediction(), input(label: long))
    },
    Case(testDescription: "the label in the key", atLeast: 100) {
      var labelled = key(0)
      labelled.label = long
      return bytes(for: labelled)
    },
    Case(testDescription: "the item's own options", atLeast: 1600) {
      let targets = JSONValue.array([JSONValue](repeating: .string(long), count: 16))
      return bytes(for: key(0, ItemOptions(frozen: ["grad_cam": ["target": targets]])))
    },
  ]

  @Test(arguments: cases) func `what a prediction refers to is counted`(_ one: Case) throws {
    #expect(try one.bytes() - Self.bytes() >= one.atLeast)
  }

  @Test func `a prediction of a thousand classes takes its numbers and little more`() {
    let numbers = 2 * 4000 + 4 * 49
    #expect(Self.bytes() > numbers + 500)
    #expect(Self.bytes() < numbers + 3000)
  }
}
