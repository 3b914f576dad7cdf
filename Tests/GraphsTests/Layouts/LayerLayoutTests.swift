import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct LayerLayoutTests {
  /// An image [1, 2, 4, 6] with a convolution to [1, 8, 4, 6] after it.
  private struct Network {
    var builder = GraphBuilder()
    let map: ValueID

    init() {
      let image = builder.input("image", [1, 2, 4, 6])
      map = builder.node(
        Conv(), [image, builder.seeded("weight", [8, 2, 1, 1])], output: "map")
    }

    mutating func transposed(_ x: ValueID, _ perm: [Int], _ name: String) -> ValueID {
      builder.node(Transpose(perm: perm), [x], output: name)
    }

    mutating func part(_ x: ValueID, _ axis: Int, _ range: Range<Int>, _ name: String) -> ValueID {
      builder.node(
        Slice(starts: [range.lowerBound], ends: [range.upperBound], axes: [axis]), [x],
        output: name)
    }

    func layout(of value: ValueID) throws -> LayerLayout {
      try FeatureMaps(try builder.finish(outputs: [value]).specialized()).layout(of: value)
    }

    func reason(of value: ValueID) throws -> String {
      let fault = #expect(throws: Fault.self) { try layout(of: value) }
      #expect(fault?.code == .explainNotSupported)
      return fault?.message ?? ""
    }
  }

  private func expect(
    _ layout: LayerLayout, _ axes: String, _ channels: Int, _ grid: [Int], prefix: Int? = nil
  ) {
    #expect(layout.axes == axes)
    #expect(layout.channels == channels)
    #expect([layout.height, layout.width] == grid)
    #expect(layout.prefixTokens == prefix)
  }

  @Test func `the axes are named in every order of them`() throws {
    var network = Network()
    expect(try network.layout(of: network.map), "NCHW", 8, [4, 6])
    let last = network.transposed(network.map, [0, 2, 3, 1], "last")
    expect(try network.layout(of: last), "NHWC", 8, [4, 6])
    let flat = network.builder.reshape(network.map, [1, 8, 24], "flat")
    expect(try network.layout(of: flat), "NCT", 8, [4, 6], prefix: 0)
    let tokens = network.transposed(flat, [2, 0, 1], "tokens")
    expect(try network.layout(of: tokens), "TNC", 8, [4, 6], prefix: 0)
    let rows = network.builder.reshape(last, [24, 8], "rows")
    expect(try network.layout(of: rows), "TC", 8, [4, 6], prefix: 0)
    let columns = network.transposed(network.map, [0, 3, 2, 1], "columns")
    expect(try network.layout(of: columns), "NWHC", 8, [4, 6])
  }

  @Test func `a convolution over blocks moved to channels gives a map of the blocks`() throws {
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 3, 8, 12])
    let cut = builder.reshape(image, [1, 3, 4, 2, 6, 2], "cut")
    let turned = builder.node(Transpose(perm: [0, 3, 5, 1, 2, 4]), [cut], output: "turned")
    let blocks = builder.reshape(turned, [1, 12, 4, 6], "blocks")
    let weight = builder.seeded("weight", [8, 12, 3, 3])
    let map = builder.node(Conv(pads: [1, 1, 1, 1]), [blocks, weight], output: "map")
    let maps = FeatureMaps(try builder.finish(outputs: [map]).specialized())
    expect(try maps.layout(of: map), "NCHW", 8, [4, 6])
    let geometry = try #require(maps.geometry(of: map))
    #expect(geometry.stride == [2, 2] && geometry.receptiveField == [6, 6])
    #expect(throws: Fault.self) { try maps.layout(of: blocks) }
  }

  @Test func `an image in channels last order is followed too`() throws {
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 5, 6, 3])
    let y = builder.node(Relu(), [image], output: "y")
    let maps = FeatureMaps(try builder.finish(outputs: [y]).specialized())
    expect(try maps.layout(of: y), "NHWC", 3, [5, 6])
  }

  @Test func `what a convolution reads is channels first, whatever its extents`() throws {
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 2, 5, 4])
    let scaled = builder.node(Neg(), [image], output: "scaled")
    let y = builder.node(
      Conv(), [scaled, builder.seeded("weight", [3, 2, 1, 1])], output: "y")
    let maps = FeatureMaps(try builder.finish(outputs: [y]).specialized())
    expect(try maps.layout(of: y), "NCHW", 3, [5, 4])
  }

  @Test func `the same elements come out as planes of every layout`() throws {
    var network = Network()
    let last = network.transposed(network.map, [0, 2, 3, 1], "last")
    let token = network.builder.seeded("token", [1, 2, 8])
    let flat = network.builder.reshape(last, [1, 24, 8], "flat")
    let tokens = network.builder.node(Concat(axis: 1), [token, flat, token], output: "tokens")
    let graph = try network.builder.finish(outputs: [tokens]).specialized()
    let maps = FeatureMaps(graph)
    var seeded = SeededTensors(seed: 3)
    let values = try ReferenceExecutor(graph).run(
      inputs: [graph.inputs[0].value: seeded.uniform([1, 2, 4, 6], of: Float.self)],
      keep: [network.map, last])
    let expected = try #require(values[network.map]).elements(of: Float.self)
    for value in [network.map, last, tokens] {
      let planes = try maps.layout(of: value).planes(of: try #require(values[value]))
      #expect(planes.shape == [1, 8, 4, 6])
      #expect(planes.elements(of: Float.self) == expected)
    }
    let layout = try maps.layout(of: tokens)
    #expect(layout.prefixTokens == 2 && layout.suffixTokens == 2)
  }

  @Test func `windows are refused, and their reverse is the grid again`() throws {
    var network = Network()
    let last = network.transposed(network.map, [0, 2, 3, 1], "last")
    let cut = network.builder.reshape(last, [1, 2, 2, 3, 2, 8], "cut")
    let windows = network.transposed(cut, [0, 1, 3, 2, 4, 5], "windows")
    let batch = network.builder.reshape(windows, [6, 4, 8], "batch")
    let weight = network.builder.seeded("mixing", [8, 8])
    let product = network.builder.node(MatMul(), [batch, weight], output: "mixed")
    for value in [cut, windows, batch, product] {
      #expect(try network.reason(of: value).contains("cut into windows"))
    }
    let parts = network.builder.reshape(product, [1, 2, 3, 2, 2, 8], "parts")
    let back = network.transposed(parts, [0, 1, 3, 2, 4, 5], "back")
    let whole = network.builder.reshape(back, [1, 4, 6, 8], "whole")
    expect(try network.layout(of: whole), "NHWC", 8, [4, 6])
  }

  @Test func `cells merged in blocks are a coarser grid`() throws {
    var network = Network()
    let last = network.transposed(network.map, [0, 2, 3, 1], "last")
    let cut = network.builder.reshape(last, [1, 2, 2, 3, 2, 8], "cut")
    let blocks = network.transposed(cut, [0, 1, 3, 4, 2, 5], "blocks")
    let merged = network.builder.reshape(blocks, [1, 2, 3, 32], "merged")
    #expect(try network.reason(of: merged).contains("cut into windows"))
    let weight = network.builder.seeded("mixing", [32, 5])
    let product = network.builder.node(MatMul(), [merged, weight], output: "product")
    expect(try network.layout(of: product), "NHWC", 5, [2, 3])
    let maps = FeatureMaps(try network.builder.finish(outputs: [product]).specialized())
    #expect(
      maps.geometry(of: product) == LayerGeometry(stride: [2, 2], receptiveField: [2, 2]))
  }

  @Test func `a shifted grid is refused, and shifted back it is the grid`() throws {
    var network = Network()
    func rolled(_ x: ValueID, by first: Int, _ name: String) -> ValueID {
      let tail = network.part(x, 3, first..<6, "\(name).tail")
      let head = network.part(x, 3, 0..<first, "\(name).head")
      return network.builder.node(Concat(axis: 3), [tail, head], output: name)
    }
    let shifted = rolled(network.map, by: 2, "shifted")
    #expect(try network.reason(of: shifted).contains("columns are shifted"))
    let back = rolled(shifted, by: 4, "back")
    expect(try network.layout(of: back), "NCHW", 8, [4, 6])
    let sum = network.builder.node(Add(), [network.map, shifted], output: "sum")
    #expect(try network.reason(of: sum).contains("different places"))
  }

  @Test func `what holds no grid is refused with the reason`() throws {
    var network = Network()
    let flat = network.builder.reshape(network.map, [1, 8, 24], "flat")
    let turned = network.transposed(flat, [0, 2, 1], "turned")
    let relations = network.builder.node(MatMul(), [turned, flat], output: "relations")
    #expect(try network.reason(of: relations).contains("relates places to places"))
    let heads = network.builder.reshape(turned, [1, 24, 2, 4], "heads")
    #expect(try network.reason(of: heads).contains("heads of an attention"))
    let pooled = network.builder.node(GlobalAveragePool(), [network.map], output: "pooled")
    #expect(try network.reason(of: pooled).contains("no places of the image"))
    let line = network.builder.node(ReduceMean(axes: [2]), [network.map], output: "line")
    #expect(try network.reason(of: line).contains("one number for all rows"))
    let vector = network.builder.reshape(network.map, [1, 192], "vector")
    #expect(try network.reason(of: vector).contains("merges channels and places"))
    let half = network.part(network.map, 2, 0..<2, "half")
    #expect(try network.reason(of: half).contains("a part of the rows"))
    let mixing = network.builder.seeded("mixing", [24, 24])
    let mixed = network.builder.node(MatMul(), [flat, mixing], output: "mixed")
    #expect(try network.reason(of: mixed).contains("mixes all places"))
  }

  @Test func `attention and mixing keep the grid of the residual they are added to`() throws {
    var network = Network()
    let flat = network.builder.reshape(network.map, [1, 8, 24], "flat")
    let mixing = network.builder.seeded("mixing", [24, 24])
    let mixed = network.builder.node(MatMul(), [flat, mixing], output: "mixed")
    let sum = network.builder.node(Add(), [mixed, flat], output: "sum")
    expect(try network.layout(of: sum), "NCT", 8, [4, 6], prefix: 0)
    let maps = FeatureMaps(try network.builder.finish(outputs: [sum]).specialized())
    #expect(maps.geometry(of: sum) == LayerGeometry(stride: [1, 1], receptiveField: nil))
  }

  @Test func `a sum over named axes that is a product of matrices keeps the rows`() throws {
    var network = Network()
    let flat = network.builder.reshape(network.map, [1, 8, 24], "flat")
    let weight = network.builder.seeded("weights", [1, 8, 5])
    let sum = network.builder.node(
      Einsum(equation: "bct,bcd->btd"), [flat, weight], output: "sum")
    expect(try network.layout(of: sum), "NTC", 5, [4, 6], prefix: 0)
  }

  @Test func `padding, a crop and every second cell leave a grid of their own`() throws {
    var network = Network()
    let padded = network.builder.node(
      Pad(pads: [0, 0, 1, 0, 0, 0, 0, 2]), [network.map], output: "padded")
    expect(try network.layout(of: padded), "NCHW", 8, [5, 8])
    let crop = network.part(padded, 2, 1..<5, "crop")
    expect(try network.layout(of: crop), "NCHW", 8, [4, 8])
    let steps = network.builder.constant("steps", Tensor([2] as [Int64], shape: [1]))
    let second = network.builder.node(
      Slice(starts: [0], ends: [6], axes: [3]), [network.map, nil, nil, nil, steps],
      output: "second")
    expect(try network.layout(of: second), "NCHW", 8, [4, 3])
  }
}
