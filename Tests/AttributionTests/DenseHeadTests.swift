import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

@testable import Attribution

/// Heads of several matrices, against the walk through the whole graph.
struct DenseHeadTests {
  /// What lies between the layer and the first matrix.
  enum Neck: CaseIterable {
    case flatten, poolings, paddedMeans, transposed, convolution, mean, branches
  }

  @Test(arguments: Neck.allCases, Explainer.Method.allCases)
  func `a head of matrices gives the maps of the walk through the whole graph`(
    neck: Neck, method: Explainer.Method
  ) throws {
    let network = try DenseNetwork(neck)
    let direct = try network.explainer(method)
    let general = try network.explainer(method, allowsClosedForm: false)
    #expect(direct.isDense && !general.isDense && !direct.isClosedForm)
    let forward = try network.forward(1, keep: direct.requiredValues + general.requiredValues)[0]
    for classIndex in 0..<5 {
      let expected = try general.map(classIndex: classIndex, forward: forward).values
      let map = try direct.map(classIndex: classIndex, forward: forward).values
      let largest = expected.map(abs).max() ?? 0
      #expect(largest > 0)
      let isClose = zip(map, expected).allSatisfy { abs($0 - $1) <= 2e-5 * largest }
      #expect(isClose, "class \(classIndex): \(map) and not \(expected)")
    }
  }

  @Test(arguments: [Neck.poolings, .transposed, .mean], Explainer.Method.allCases)
  func `maps have the same bits whatever is asked for together`(
    neck: Neck, method: Explainer.Method
  ) throws {
    let network = try DenseNetwork(neck)
    let explainer = try network.explainer(method)
    let images = try network.forward(9, keep: explainer.requiredValues)
    var numbers = SeededTensors(seed: 12)
    let queries = images.flatMap { forward in
      (0..<5).map { _ in
        Explainer.Query(
          scoreGradient: numbers.uniform([5], of: Float.self).elements(of: Float.self),
          forward: forward)
      }
    }
    let alone = try queries.map {
      try explainer.map(scoreGradient: $0.scoreGradient, forward: $0.forward)
    }
    #expect(Set(alone).count == queries.count)
    let together = try explainer.maps(queries).map { try $0.get() }
    #expect(together == alone)
    let reversed = try explainer.maps(Array(queries[3..<24].reversed())).map { try $0.get() }
    #expect(reversed == alone[3..<24].reversed())
  }

  @Test func `what keeps no sums is walked through, image by image`() throws {
    let padded = try DenseNetwork(.paddedMeans)
    // A window over zeros that count divides by more than its cells.
    let counting = try DenseNetwork(.paddedMeans, countsPads: true)
    #expect(try padded.explainer(.gradCAM).isSummed)
    #expect(try !counting.explainer(.gradCAM).isSummed)
    #expect(try !padded.explainer(.layerCAM).isSummed)
    #expect(try !DenseNetwork(.branches).explainer(.gradCAM).isSummed)
    // A mean over all cells leaves one number a channel, whatever the method.
    #expect(try DenseNetwork(.mean).explainer(.layerCAM).isSummed)
    #expect(try counting.explainer(.gradCAM).isDense)
    let forward = try counting.forward(
      1, keep: counting.explainer(.gradCAM).requiredValues)[0]
    let map = try counting.explainer(.gradCAM).map(classIndex: 1, forward: forward)
    let expected = try counting.explainer(.gradCAM, allowsClosedForm: false)
      .map(classIndex: 1, forward: forward)
    #expect(relativeDifference(map.values, expected.values) < 1e-5)
  }

  @Test func `all classes are explained at once where the cells are summed`() throws {
    let network = try DenseNetwork(.poolings)
    let explainer = try network.explainer(.gradCAM)
    let forward = try network.forward(1, keep: explainer.requiredValues)[0]
    let maps = try AllClassExplainer(explainer).maps(forward: forward)
    #expect(maps.count == 5)
    for classIndex in 0..<maps.count {
      let alone = try explainer.map(classIndex: classIndex, forward: forward)
      #expect(relativeDifference(maps[classIndex].values, alone.values) < 1e-5)
    }
    let fault = #expect(throws: Fault.self) {
      try AllClassExplainer(try network.explainer(.layerCAM))
    }
    #expect(fault?.code == .explainNotSupported)
  }

  @Test(arguments: Explainer.Method.allCases)
  func `layers that share the packed matrices have the maps of each alone`(
    method: Explainer.Method
  ) throws {
    let network = try DenseNetwork(.poolings)
    let layers = try [network.layer, network.pooled].map { try #require($0) }
    let alone = try layers.map { try network.explainer(method, layer: $0) }
    let second = try network.explainer(method, layer: layers[1], sharing: [alone[0]])
    let forward = try network.forward(1, keep: alone.flatMap(\.requiredValues))[0]
    #expect(
      try second.map(classIndex: 3, forward: forward)
        == alone[1].map(classIndex: 3, forward: forward))
  }

  @Test func `without kernels the walk goes through the whole graph`() throws {
    let network = try DenseNetwork(.poolings)
    let explainer = try Explainer(
      network.graph, layer: network.layer, logits: network.scores, kernels: nil)
    #expect(!explainer.isDense)
  }
}

extension Explainer {
  fileprivate var isDense: Bool {
    if case .dense = rule { true } else { false }
  }

  fileprivate var isSummed: Bool {
    if case .dense(let head) = rule { head.sumsCells } else { false }
  }
}

/// A seeded network of a layer of 6 x 8 x 8, a neck, and three matrices with functions between them.
private struct DenseNetwork {
  let graph: Graph
  let image: ValueID
  let layer: ValueID
  /// What a first pooling makes of the layer.
  let pooled: ValueID?
  let scores: ValueID

  init(_ neck: DenseHeadTests.Neck, countsPads: Bool = false) throws {
    var numbers = SeededTensors(seed: 31)
    var builder = GraphBuilder()
    image = builder.input("image", [1, 6, 8, 8])
    let layer = builder.node(Relu(), [image], output: "layer")
    self.layer = layer
    func weights(_ name: String, _ shape: Shape) -> ValueID {
      builder.constant(name, numbers.uniform(shape, in: -0.5...0.5, of: Float.self))
    }
    func flattened(_ value: ValueID) -> ValueID {
      builder.node(Flatten(axis: 1), [value], output: "flat")
    }
    let mean = AveragePool(
      kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceilMode: true,
      countIncludePad: countsPads)
    let largest = MaxPool(kernelShape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1])
    var firstPooled: ValueID?
    let hidden: ValueID
    switch neck {
    case .flatten:
      hidden = builder.node(
        MatMul(), [flattened(layer), weights("w1", [384, 12])], output: "h1")
    case .poolings:
      let pooled = builder.node(largest, [layer], output: "pooled")
      firstPooled = pooled
      let halves = builder.node(
        AveragePool(kernelShape: [2, 2], strides: [2, 2]), [pooled], output: "halves")
      hidden = builder.node(
        Gemm(transB: true), [flattened(halves), weights("w1", [12, 24]), weights("b1", [12])],
        output: "h1")
    case .paddedMeans:
      let pooled = builder.node(mean, [layer], output: "pooled")
      hidden = builder.node(
        Gemm(transB: true), [flattened(pooled), weights("w1", [12, 6 * 5 * 5])], output: "h1")
    case .transposed:
      let pooled = builder.node(largest, [layer], output: "pooled")
      let cells = builder.node(Transpose(perm: [0, 2, 3, 1]), [pooled], output: "cells")
      hidden = builder.node(
        MatMul(), [flattened(cells), weights("w1", [96, 12])], output: "h1")
    case .convolution:
      let pooled = builder.node(largest, [layer], output: "pooled")
      let whole = builder.node(Conv(), [pooled, weights("w1", [12, 6, 4, 4])], output: "whole")
      hidden = flattened(whole)
    case .mean:
      let pooled = builder.node(GlobalAveragePool(), [layer], output: "pooled")
      hidden = builder.node(
        Gemm(transB: true), [flattened(pooled), weights("w1", [12, 6])], output: "h1")
    case .branches:
      let pooled = builder.node(largest, [layer], output: "pooled")
      let squashed = builder.node(Tanh(), [pooled], output: "squashed")
      let sum = builder.node(Add(), [pooled, squashed], output: "sum")
      hidden = builder.node(
        Gemm(transB: true), [flattened(sum), weights("w1", [12, 96])], output: "h1")
    }
    pooled = firstPooled
    let first = builder.node(Relu(), [hidden], output: "first")
    let product = builder.node(MatMul(), [first, weights("w2", [12, 9])], output: "h2")
    let biased = builder.node(Add(), [product, weights("b2", [9])], output: "biased")
    let second = builder.node(HardSwish(), [biased], output: "second")
    scores = builder.node(
      Gemm(transB: true), [second, weights("w3", [5, 9]), weights("b3", [5])], output: "scores")
    graph = try builder.finish(outputs: [scores]).specialized(
      keep: Set([layer, firstPooled].compactMap { $0 }))
  }

  func explainer(
    _ method: Explainer.Method, layer: ValueID? = nil, allowsClosedForm: Bool = true,
    sharing others: [Explainer] = []
  ) throws -> Explainer {
    try Explainer(
      graph, layer: layer ?? self.layer, logits: scores, method: method,
      allowsClosedForm: allowsClosedForm, sharing: others)
  }

  /// The values of images of noise.
  func forward(_ count: Int, keep: [ValueID]) throws -> [[ValueID: Tensor]] {
    var numbers = SeededTensors(seed: 5)
    return try (0..<count).map { _ in
      let noise = numbers.uniform([1, 6, 8, 8], of: Float.self)
      return try ReferenceExecutor(graph).run(inputs: [image: noise], keep: Set(keep))
    }
  }
}
