import Graphs
import Kernels
import Tensors
import Testing

struct LayerGeometryTests {
  /// A network on [1, 2, 64, 48], and what is known of its values.
  private struct Network {
    var builder = GraphBuilder()
    let x: ValueID

    init() {
      x = builder.input("x", [1, 2, 64, 48])
    }

    mutating func conv(
      _ input: ValueID, _ name: String, kernel: [Int] = [3, 3], strides: [Int]? = nil,
      dilations: [Int]? = nil
    ) -> ValueID {
      let weight = builder.random("\(name).weight", Shape([2, 2] + kernel))
      let op = Conv(strides: strides, dilations: dilations, autoPad: .sameUpper)
      return builder.node(op, [input, weight], output: name)
    }

    func geometry(of value: ValueID) throws -> LayerGeometry? {
      FeatureMaps(try builder.finish(outputs: [value]).specialized()).geometry(of: value)
    }
  }

  @Test(arguments: [(1, [3, 3]), (2, [5, 5]), (3, [7, 7])])
  func `each convolution of 3 x 3 adds two pixels`(count: Int, field: [Int]) throws {
    var network = Network()
    var map = network.x
    for index in 0..<count { map = network.conv(map, "conv\(index)") }
    #expect(
      try network.geometry(of: map) == LayerGeometry(stride: [1, 1], receptiveField: field))
  }

  @Test
  func `strides multiply what later windows add, for each axis on its own`() throws {
    var network = Network()
    let first = network.conv(network.x, "first", strides: [2, 1])
    let pool = network.builder.node(
      MaxPool(kernelShape: [2, 2], strides: [2, 2]), [first], output: "pool")
    let last = network.conv(pool, "last", kernel: [3, 5], dilations: [2, 1])
    #expect(
      try network.geometry(of: pool) == LayerGeometry(stride: [4, 2], receptiveField: [5, 4]))
    #expect(
      try network.geometry(of: last) == LayerGeometry(stride: [4, 2], receptiveField: [21, 12]))
  }

  @Test
  func `a residual sum sees what its longer path sees`() throws {
    var network = Network()
    let start = network.conv(network.x, "start")
    let long = network.conv(network.conv(start, "a"), "b")
    let sum = network.builder.node(Add(), [start, long], output: "sum")
    #expect(
      try network.geometry(of: sum) == LayerGeometry(stride: [1, 1], receptiveField: [7, 7]))
  }

  @Test
  func `the gate of a squeeze-excitation does not count`() throws {
    for pool: any Operator in [
      GlobalAveragePool(), ReduceMean(axes: [2, 3], keepdims: true),
      AveragePool(kernelShape: [64, 48]),
    ] {
      var network = Network()
      let map = network.conv(network.x, "map")
      let mean = network.builder.node(pool, [map], output: "mean")
      let gate = network.builder.node(
        Sigmoid(), [network.conv(mean, "mixed", kernel: [1, 1])], output: "gate")
      let scaled = network.builder.node(Mul(), [map, gate], output: "scaled")
      #expect(
        try network.geometry(of: scaled) == LayerGeometry(stride: [1, 1], receptiveField: [3, 3]))
    }
  }

  @Test
  func `attention that is added to a map leaves no finite field`() throws {
    var network = Network()
    let map = network.conv(network.x, "map", strides: [2, 2])
    let other = network.builder.node(Transpose(perm: [0, 1, 3, 2]), [map], output: "other")
    let scores = network.builder.node(MatMul(), [map, other], output: "scores")
    let mixed = network.builder.node(MatMul(), [scores, map], output: "mixed")
    let sum = network.builder.node(Add(), [map, mixed], output: "sum")
    #expect(
      try network.geometry(of: mixed) == LayerGeometry(stride: [2, 2], receptiveField: nil))
    #expect(try network.geometry(of: sum) == LayerGeometry(stride: [2, 2], receptiveField: nil))
  }

  @Test
  func `the grid is followed through channels last and a channel shuffle`() throws {
    var network = Network()
    let map = network.conv(network.x, "map")
    let last = network.builder.node(Transpose(perm: [0, 2, 3, 1]), [map], output: "last")
    let weight = network.builder.random("weight", [2, 2])
    let product = network.builder.node(MatMul(), [last, weight], output: "product")
    let first = network.builder.node(Transpose(perm: [0, 3, 1, 2]), [product], output: "first")
    let split = network.builder.constant("split", Tensor([1, 1, 2, 64, 48] as [Int64], shape: [5]))
    let joined = network.builder.constant("joined", Tensor([1, 2, 64, 48] as [Int64], shape: [4]))
    let groups = network.builder.node(Reshape(), [first, split], output: "groups")
    let shuffled = network.builder.node(
      Transpose(perm: [0, 2, 1, 3, 4]), [groups], output: "shuffled")
    let end = network.builder.node(Reshape(), [shuffled, joined], output: "end")
    #expect(
      try network.geometry(of: last) == LayerGeometry(stride: [1, 1], receptiveField: [3, 3]))
    #expect(
      try network.geometry(of: end) == LayerGeometry(stride: [1, 1], receptiveField: [3, 3]))
  }

  @Test
  func `the reader of the automatic layer is the node that pools it`() throws {
    var network = Network()
    let map = network.conv(network.x, "map")
    let pooled = network.builder.node(GlobalAveragePool(), [map], output: "y", name: "pool")
    let graph = try network.builder.finish(outputs: [pooled]).specialized()
    let target = try FeatureMaps(graph).automaticTarget()
    #expect(target.layer == map)
    #expect(target.reader.name == "pool")
  }

  @Test
  func `a walk names the node without a gradient rule`() throws {
    var network = Network()
    let map = network.conv(network.x, "map")
    let pooled = network.builder.node(GlobalLpPool(p: 2), [map], output: "pooled")
    let y = network.builder.node(Relu(), [pooled], output: "y")
    let graph = try network.builder.finish(outputs: [y]).specialized()
    #expect(try ReverseWalk(graph, from: y, to: [map]).nodeWithoutRule?.name == "pooled")
    #expect(try ReverseWalk(graph, from: y, to: [pooled]).nodeWithoutRule == nil)
  }
}
