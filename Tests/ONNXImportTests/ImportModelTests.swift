import Faults
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

struct ImportModelTests {
  /// x [N, 2] -> Add w -> Relu -> y, with w an initializer.
  static func small(_ change: (inout ModelBytes) -> Void = { _ in }) -> [UInt8] {
    var model = ModelBytes()
    model.input("x", ["N", 2])
    model.floats("w", dims: [2], [1, -4])
    model.node("Add", ["x", "w"], ["sum"], name: "adding")
    model.node("Relu", ["sum"], ["y"])
    model.output("y", ["N", 2])
    change(&model)
    return model.bytes()
  }

  @Test
  func `a small model is read and runs`() throws {
    let model = try importModel(bytes: Self.small())
    #expect(model.irVersion == 8)
    #expect(model.opset == 17)
    #expect(model.producer == "test")
    #expect(model.graph.nodes.map(\.name) == ["adding", "Relu_1"])
    #expect(model.graph.inputs[0].dimensions == [.symbolic("N"), .fixed(2)])
    let graph = try model.graph.specialized()
    let values = try ReferenceExecutor(graph).run(
      inputs: [graph.inputs[0].value: Tensor([Float(1), 2], shape: [1, 2])])
    #expect(values[graph.outputs[0]]?.elements(of: Float.self) == [2, 0])
  }

  @Test
  func `a model cut off at any byte is refused, never a crash`() {
    let bytes = Self.small()
    for length in 0..<bytes.count {
      #expect(throws: Fault.self, "cut off after \(length) bytes") {
        try importModel(bytes: Array(bytes.prefix(length))).graph.specialized()
      }
    }
  }

  @Test
  func `a model with any one byte changed is read or refused, never a crash`() {
    let bytes = Self.small()
    var refused = 0
    for index in bytes.indices {
      for flip: UInt8 in [0x01, 0x08, 0x80, 0xff] {
        var damaged = bytes
        damaged[index] ^= flip
        do throws(Fault) {
          _ = try importModel(bytes: damaged).graph.specialized()
        } catch {
          refused += 1
        }
      }
    }
    #expect(refused > bytes.count)
  }

  @Test
  func `raw float weights are used where they lie`() throws {
    let bytes = Self.small()
    let storage = Tensor(bytes, shape: [bytes.count]).storage
    let file = UnsafeRawBufferPointer(start: storage.base, count: bytes.count)
    let graph = try importModel(bytes: file, owner: storage).graph
    let weight = try #require(graph.value(named: "w").flatMap { graph[$0].constant })
    let address = UnsafeRawPointer(weight.base)
    #expect(address >= UnsafeRawPointer(storage.base))
    #expect(address < UnsafeRawPointer(storage.base) + bytes.count)
    #expect(weight.elements(of: Float.self) == [1, -4])
  }

  @Test
  func `nodes out of order are sorted`() throws {
    var model = ModelBytes()
    model.input("x", [1])
    model.node("Relu", ["a"], ["y"], name: "second")
    model.node("Relu", ["x"], ["a"], name: "first")
    model.output("y")
    #expect(try importModel(bytes: model.bytes()).graph.nodes.map(\.name) == ["first", "second"])
  }

  @Test
  func `an initializer that is also an input is a constant`() throws {
    let bytes = Self.small { $0.input("w", [2]) }
    let graph = try importModel(bytes: bytes).graph
    #expect(graph.inputs.map { graph[$0.value].name } == ["x"])
  }

  @Test
  func `an element type that is not supported matters only where it is read`() throws {
    let unread = Self.small { model in
      model.initializer("label", type: 8, dims: [1]) { $0.string(6, "cat") }
    }
    _ = try importModel(bytes: unread)
    let read = Self.small { model in
      model.initializer("label", type: 8, dims: [1]) { $0.string(6, "cat") }
      model.node("Identity", ["label"], ["z"])
    }
    let fault = #expect(throws: Fault.self) { try importModel(bytes: read) }
    #expect(fault?.message.contains("string") == true)
  }

  @Test
  func `every operator and node that cannot run is named in one fault`() {
    let bytes = Self.small { model in
      model.node("Loop", ["y"], ["a"], name: "looping")
      model.node("Relu", ["a"], ["b"], name: "fine")
      model.node("FusedMatMul", ["b"], ["c"], name: "fused", domain: "com.microsoft")
      model.node("Scan", ["c"], ["d"], name: "scanning")
    }
    let fault = #expect(throws: Fault.self) { try importModel(bytes: bytes) }
    #expect(fault?.code == .modelUnsupportedOperator)
    #expect(
      fault?.details["operators"]
        == .array([.string("Loop"), .string("Scan"), .string("com.microsoft::FusedMatMul")]))
    #expect(
      fault?.details["nodes"]
        == .array([.string("looping"), .string("fused"), .string("scanning")]))
  }

  @Test(arguments: [0, 2, 15, -1])
  func `an IR version that is not known is refused`(version: Int) {
    let bytes = Self.small { $0.irVersion = version }
    #expect(throws: Fault.self) { try importModel(bytes: bytes) }
  }

  @Test(arguments: [nil, 0, 6, 29] as [Int?])
  func `an opset that is not known is refused`(opset: Int?) {
    let bytes = Self.small { $0.opset = opset }
    #expect(throws: Fault.self) { try importModel(bytes: bytes) }
  }
}

struct InvalidGraphTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    init(_ name: String, _ change: (inout ModelBytes) -> Void) {
      self.testDescription = name
      self.bytes = ImportModelTests.small(change)
    }
  }

  static let cases: [Case] = [
    Case("two nodes compute one value") { $0.node("Relu", ["x"], ["y"]) },
    Case("a node computes an input") { $0.node("Relu", ["y"], ["x"]) },
    Case("a node computes an initializer") { $0.node("Relu", ["y"], ["w"]) },
    Case("a node reads what nothing computes") { $0.node("Relu", ["nothing"], ["z"]) },
    Case("an output nothing computes") { $0.output("nothing") },
    Case("two inputs of one name") { $0.input("x", [1]) },
    Case("two initializers of one name") { $0.floats("w", dims: [1], [0]) },
    Case("an initializer without a name") { $0.floats("", dims: [1], [0]) },
    Case("a node reads its own output") { $0.node("Relu", ["loop"], ["loop"]) },
    Case("two nodes read each other") {
      $0.node("Relu", ["b"], ["a"])
      $0.node("Relu", ["a"], ["b"])
    },
    Case("a node without an output") { $0.node("Relu", ["x"], []) },
    Case("an attribute given twice") {
      $0.node("Relu", ["x"], ["z"]) { node in
        for _ in 0..<2 {
          node.message(5) {
            $0.string(1, "alpha")
            $0.int(3, 1)
          }
        }
      }
    },
  ]

  @Test(arguments: cases)
  func `a graph that does not hold together is refused`(case: Case) {
    let fault = #expect(throws: Fault.self) { try importModel(bytes: `case`.bytes) }
    #expect(fault?.code == .modelInvalid)
  }

  @Test
  func `more nodes than any classifier has are refused`() {
    var model = ModelBytes()
    model.input("x", [1])
    for index in 0...100_000 { model.node("Relu", ["x"], ["v\(index)"]) }
    model.output("v0")
    let fault = #expect(throws: Fault.self) { try importModel(bytes: model.bytes()) }
    #expect(fault?.code == .modelInvalid)
  }

  @Test
  func `a model without an output is refused`() {
    var model = ModelBytes()
    model.input("x", [1])
    model.node("Relu", ["x"], ["y"])
    #expect(throws: Fault.self) { try importModel(bytes: model.bytes()) }
  }
}
