import Faults
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

struct ConditionalTests {
  /// x [2] -> If(flag) { Neg(x) } else { x + one, with a constant of its own } -> y.
  private func model(nested depth: Int = 0, flag: (inout ModelBytes) -> Void) -> [UInt8] {
    var model = ModelBytes()
    model.input("x", [2])
    model.output("y")
    flag(&model)
    model.node("If", ["flag"], ["y"], name: "choice") { node in
      branch(&node, "then_branch", depth: depth) { graph in
        Self.node(&graph, "Neg", ["x"], "result")
      }
      branch(&node, "else_branch", depth: 0) { graph in
        graph.message(5) {
          $0.packed(1, [1])
          $0.int(2, 1)
          $0.string(8, "one")
          $0.raw(9, rawBytes([Float(1)]))
        }
        Self.node(&graph, "Add", ["x", "one"], "result")
      }
    }
    return model.bytes()
  }

  /// Writes a branch; inside `depth` further choices whose branches are alike.
  private func branch(
    _ node: inout ProtobufWriter, _ name: String, depth: Int,
    _ body: (inout ProtobufWriter) -> Void
  ) {
    node.message(5) { attribute in
      attribute.string(1, name)
      attribute.int(20, 5)
      attribute.message(6) { graph in
        if depth == 0 {
          body(&graph)
        } else {
          graph.message(1) { inner in
            inner.string(1, "flag")
            inner.string(2, "result")
            inner.string(4, "If")
            branch(&inner, "then_branch", depth: depth - 1, body)
            branch(&inner, "else_branch", depth: 0, body)
          }
        }
        graph.message(12) { $0.string(1, "result") }
      }
    }
  }

  private static func node(
    _ graph: inout ProtobufWriter, _ op: String, _ inputs: [String], _ output: String
  ) {
    graph.message(1) { node in
      for input in inputs { node.string(1, input) }
      node.string(2, output)
      node.string(4, op)
    }
  }

  private func result(_ bytes: [UInt8]) throws -> [Float]? {
    let graph = try importModel(bytes: bytes).graph.specialized()
    #expect(!graph.nodes.contains { $0.op is If })
    let values = try ReferenceExecutor(graph).run(
      inputs: [graph.inputs[0].value: Tensor([Float(3), 5], shape: [2])])
    return values[graph.outputs[0]]?.elements(of: Float.self)
  }

  @Test(arguments: [(true, [-3, -5] as [Float]), (false, [4, 6])])
  func `the branch that a constant chooses takes the place of the node`(
    flag: Bool, expected: [Float]
  ) throws {
    let bytes = model { model in
      model.initializer("flag", type: 9, dims: []) { $0.raw(9, [flag ? 1 : 0]) }
    }
    #expect(try result(bytes) == expected)
  }

  @Test func `a condition on shapes is known once the input's shape is`() throws {
    let bytes = model { model in
      model.initializer("two", type: 7, dims: [1]) { $0.raw(9, rawBytes([Int64(2)])) }
      model.node("Shape", ["x"], ["shape"])
      model.node("Equal", ["shape", "two"], ["flag"])
    }
    #expect(try result(bytes) == [-3, -5])
  }

  @Test func `choices may be nested, but not without end`() throws {
    func nested(_ depth: Int) -> [UInt8] {
      model(nested: depth) { model in
        model.initializer("flag", type: 9, dims: []) { $0.raw(9, [1]) }
      }
    }
    #expect(try result(nested(3)) == [-3, -5])
    #expect(throws: Fault.self) { try importModel(bytes: nested(20)) }
  }

  @Test func `a condition on the image is refused with the node`() throws {
    let bytes = model { model in
      model.floats("zero", dims: [], [0])
      model.node("ReduceSum", ["x"], ["sum"])
      model.node("Greater", ["sum", "zero"], ["flag"])
    }
    let fault = #expect(throws: Fault.self) { try importModel(bytes: bytes).graph.specialized() }
    #expect(fault?.code == .modelUnsupportedOperator)
    #expect(fault?.message.contains("choice") == true)
  }
}
