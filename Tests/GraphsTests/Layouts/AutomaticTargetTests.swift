import Faults
import Graphs
import InfercamTestSupport
import Tensors
import Testing

struct AutomaticTargetTests {
  @Test(arguments: 1...3)
  func `behind a class token the last attention's normalised input is explained`(
    blocks: Int
  ) throws {
    let network = TokenNetwork(blocks: blocks, readout: .classToken)
    let maps = FeatureMaps(try network.graph())
    let target = try maps.automaticTarget()
    #expect(target.layer == network.normalized[blocks - 1])
    #expect(target.isReadByAttention)
    let layout = try maps.layout(of: target.layer)
    #expect(layout.axes == "NTC" && layout.prefixTokens == 1 && layout.suffixTokens == 0)
    #expect([layout.height, layout.width, layout.channels] == [2, 3, 4])
  }

  @Test func `of tokens that are averaged the last ones are explained`() throws {
    let network = TokenNetwork(blocks: 2, readout: .mean)
    let target = try FeatureMaps(try network.graph()).automaticTarget()
    #expect(target.layer == network.final)
    #expect(!target.isReadByAttention)
    #expect(target.reader.op is ReduceMean)
  }

  @Test func `places behind the last attention have no gradient and are refused`() throws {
    let network = TokenNetwork(blocks: 2, readout: .classToken)
    let maps = FeatureMaps(try network.graph())
    for value in [network.streams[2], network.final] {
      let fault = #expect(throws: Fault.self) { try maps.checkReachesScores(value) }
      #expect(fault?.code == .explainNotSupported)
      #expect(fault?.message.contains("before the last attention") == true)
    }
    for value in [network.patches] + network.streams.prefix(2) + network.normalized {
      try maps.checkReachesScores(value)
    }
  }

  @Test func `of tokens that are averaged all reach the scores`() throws {
    let network = TokenNetwork(blocks: 2, readout: .mean)
    let maps = FeatureMaps(try network.graph())
    for value in network.streams + [network.final] { try maps.checkReachesScores(value) }
  }

  @Test func `candidates are listed with those that are no feature maps`() throws {
    let network = TokenNetwork(blocks: 1, readout: .classToken)
    let maps = FeatureMaps(try network.graph())
    #expect(maps.candidates.contains(network.attentions[0]))
    #expect(maps.candidates.contains(network.final))
    #expect(!maps.candidates.contains(network.scores))
    #expect(throws: Fault.self) { try maps.layout(of: network.attentions[0]) }
  }

  @Test func `the gate of a squeeze-excitation does not end the map`() throws {
    var builder = GraphBuilder()
    let image = builder.input("image", [1, 3, 6, 6])
    let map = builder.node(
      Conv(), [image, builder.seeded("weight", [4, 3, 3, 3])], output: "map")
    let mean = builder.node(GlobalAveragePool(), [map], output: "mean")
    let gate = builder.node(Sigmoid(), [mean], output: "gate")
    let scaled = builder.node(Mul(), [map, gate], output: "scaled")
    let pooled = builder.node(GlobalAveragePool(), [scaled], output: "pooled")
    let y = builder.node(Flatten(), [pooled], output: "y")
    let graph = try builder.finish(outputs: [y]).specialized()
    #expect(try graph.automaticTargetLayer() == scaled)
  }
}
