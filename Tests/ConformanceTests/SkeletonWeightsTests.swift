import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

/// The figures were computed once with NumPy's `RandomState`.
struct SkeletonWeightsTests {
  @Test func `random numbers are those of NumPy's RandomState`() {
    var words = LegacyRandomState(seed: 5489)
    #expect((0..<3).map { _ in words.word() } == [3_499_211_612, 581_869_302, 3_890_346_734])

    var numbers = LegacyRandomState(seed: 42)
    #expect(
      (0..<5).map { _ in numbers.standardNormal() } == [
        0x1.fca2a28a9307cp-2, -0x1.1b2a505de052ap-3, 0x1.4b9dd50245e68p-1, 0x1.85e548e01aa2bp+0,
        -0x1.df8bcdf57a640p-3,
      ])
    #expect(numbers.uniform(0.6, 1.4) == 0x1.4afdb54ab6aacp-1)
    #expect(numbers.word() == 3_720_198_231)
  }

  @Test(arguments: Case.all)
  func `the elements of an emptied initializer are those of the reference tool`(_ expected: Case) {
    let elements = SkeletonWeights.elements(
      name: expected.name, dims: expected.dims, seed: expected.seed)
    #expect(elements.count == expected.dims.reduce(1, *))
    if !expected.first.isEmpty {
      #expect(elements.prefix(5).map(\.bitPattern) == expected.first)
    }
    #expect(crc32(rawBytes(elements)) == expected.checksum)
  }

  @Test func `only emptied initializers are filled`() throws {
    var model = ModelBytes()
    model.input("x", [1, 8])
    model.initializer("a.weight", dims: [3]) { $0.string(12, "skeleton") }
    model.floats("b.weight", dims: [2], [1, 2])
    model.initializer("c", dims: [2, 4]) { $0.string(12, "skeleton") }
    model.node("Identity", ["x"], ["y"])
    model.output("y")

    let graph = try importModel(bytes: try SkeletonWeights.filled(model.bytes(), seed: 3)).graph
    let elements = Dictionary(
      uniqueKeysWithValues: graph.values.compactMap { value in
        value.constant.map { (value.name, $0.elements(of: Float.self)) }
      })
    #expect(
      elements == [
        "a.weight": SkeletonWeights.elements(name: "a.weight", dims: [3], seed: 3),
        "b.weight": [1, 2],
        "c": SkeletonWeights.elements(name: "c", dims: [2, 4], seed: 3),
      ])
  }

  /// An initializer with the bits of its first elements and the CRC-32 of all.
  struct Case: CustomTestStringConvertible {
    let name: String
    let dims: [Int]
    var seed: UInt32 = 0
    var first: [UInt32] = []
    let checksum: UInt32

    var testDescription: String { "\(name) \(dims), seed \(seed)" }

    static let all = [
      Case(
        name: "onnx::Conv_193", dims: [64, 3, 7, 7],
        first: [0xbd79_20f2, 0xbd81_5f20, 0xbdea_7700, 0xbe13_695d, 0x3dca_9ad5],
        checksum: 0x1038_5541),
      Case(
        name: "fc.weight", dims: [1000, 512],
        first: [0x3e01_3d23, 0xbd7f_82c9, 0x3c89_af14, 0x3cdf_d27c, 0x3c43_7a6e],
        checksum: 0x075a_103c),
      Case(
        name: "fc.bias", dims: [1000],
        first: [0xbce3_987c, 0xbd2a_12e0, 0xbcf0_d791, 0x3c38_e434, 0x3d26_2ddd],
        checksum: 0x2364_d24f),
      Case(name: "fc.bias", dims: [1000], seed: 7, checksum: 0x4277_9a2d),
      Case(
        name: "features.denseblock3.denselayer10.norm1.weight", dims: [544],
        first: [0x3f28_82fb, 0x3f93_17c1, 0x3f85_4b23, 0x3f37_f4ce, 0x3fb1_e51c],
        checksum: 0x0aa9_fd96),
      Case(
        name: "features.denseblock3.denselayer10.norm1.running_var", dims: [544],
        first: [0x3fbd_d7eb, 0x3f10_8a1d, 0x3f40_7ca7, 0x3f9e_2d84, 0x3f82_04ef],
        checksum: 0xb31a_7c76),
      Case(
        name: "features.7.0.layer_scale", dims: [768, 1, 1],
        first: [0x3f46_fc13, 0xbfbc_0cc9, 0x3fef_8645, 0xbfc4_91ca, 0xbef8_5092],
        checksum: 0x4252_9e17),
    ]
  }
}
