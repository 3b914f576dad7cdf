import Faults
import Graphs
import Kernels
import Tensors
import Testing

@testable import ONNXImport

struct NeuralNetworkOperatorsTests {
  @Test func `limits are attributes before version 11 and inputs from then on`() throws {
    let values: [String: AttributeValue] = ["min": .float(0), "max": .float(6)]
    let old = try #require(try build("Clip", opset: 10, values) as? Clip)
    #expect(old.min == 0 && old.max == 6)
    let new = try #require(try build("Clip", opset: 11, values) as? Clip)
    #expect(new.min == nil && new.max == nil)
  }

  @Test func `a softmax flattens from axis 1 before version 13`() throws {
    for name in ["Softmax", "LogSoftmax", "Hardmax"] {
      let old = try #require(try build(name, opset: 12) as? any SoftmaxOperator)
      #expect(old.axis == 1 && old.flattens)
      let new = try #require(try build(name, opset: 13) as? any SoftmaxOperator)
      #expect(new.axis == -1 && !new.flattens)
      let given = try #require(
        try build(name, opset: 7, ["axis": .int(2)]) as? any SoftmaxOperator)
      #expect(given.axis == 2)
    }
  }

  @Test func `a group normalisation scales groups before version 21`() throws {
    let values: [String: AttributeValue] = ["num_groups": .int(4)]
    let old = try #require(
      try build("GroupNormalization", opset: 18, values) as? GroupNormalization)
    let new = try #require(
      try build("GroupNormalization", opset: 21, values) as? GroupNormalization)
    #expect(old.scalesGroups && !new.scalesGroups && new.numGroups == 4)
  }

  @Test func `a batch normalisation may be of each element before version 9`() throws {
    let values: [String: AttributeValue] = ["spatial": .int(0)]
    let old = try #require(try build("BatchNormalization", opset: 7, values) as? BatchNormalization)
    let new = try #require(try build("BatchNormalization", opset: 9, values) as? BatchNormalization)
    #expect(!old.spatial && new.spatial)
  }

  @Test func `a batch normalisation in training mode is one of constants`() throws {
    let facts = [[1, 2, 3], [2], [2], [2], [2]].map { ValueFact(TensorType(.float32, Shape($0))) }
    let attributes: [String: AttributeValue] = ["training_mode": .int(1)]
    for op in [
      try build("BatchNormalization", opset: 15, attributes),
      try build("BatchNormalization", opset: 9, outputs: 5),
    ] {
      let fault = #expect(throws: Fault.self) { try op.outputTypes(facts) }
      #expect(fault?.code == .modelUnsupportedOperator)
      var weights = facts
      weights[0].constant = Tensor(zeros: .float32, [1, 2, 3])
      #expect(try op.outputTypes(weights).first == weights[0].type)
    }
  }

  @Test func `a dropout mask has the type of the data before version 10`() throws {
    let old = try #require(try build("Dropout", opset: 7, outputs: 2) as? Dropout)
    let new = try #require(try build("Dropout", opset: 13, outputs: 2) as? Dropout)
    #expect(old.masksWithData && !new.masksWithData && old.hasMask)
    #expect(try build("Dropout", opset: 13).isView)
  }

  @Test func `window attributes reach the operator`() throws {
    let conv = try #require(
      try build(
        "Conv", opset: 11,
        [
          "kernel_shape": .ints([3, 3]), "strides": .ints([2, 1]), "pads": .ints([1, 2, 3, 4]),
          "dilations": .ints([1, 2]), "group": .int(5), "auto_pad": .string("SAME_LOWER"),
        ]) as? Conv)
    #expect(conv.kernelShape == [3, 3] && conv.strides == [2, 1] && conv.pads == [1, 2, 3, 4])
    #expect(conv.dilations == [1, 2] && conv.group == 5 && conv.autoPad == .sameLower)
    let pool = try #require(
      try build(
        "MaxPool", opset: 12,
        ["kernel_shape": .ints([2, 2]), "ceil_mode": .int(1), "storage_order": .int(1)],
        outputs: 2) as? MaxPool)
    #expect(pool.ceilMode && pool.storageOrder == .columnMajor && pool.hasIndices)
    let average = try #require(
      try build(
        "AveragePool", opset: 7, ["kernel_shape": .ints([2]), "count_include_pad": .int(1)])
        as? AveragePool)
    #expect(average.countIncludePad && !average.ceilMode && average.autoPad == .notSet)
  }

  @Test(
    arguments: [
      ("MaxPool", [:], "kernel_shape is missing"),
      ("Conv", ["auto_pad": .string("SAME")], "auto_pad is SAME"),
      ("Conv", ["group": .ints([1])], "attribute group is not an int"),
      ("Gelu", ["approximate": .string("fast")], "approximate is fast"),
      ("LRN", [:], "size is missing"),
      ("GroupNormalization", [:], "num_groups is missing"),
    ] as [(String, [String: AttributeValue], String)])
  func `an attribute that is missing or unknown names its node`(
    _ name: String, _ values: [String: AttributeValue], _ message: String
  ) {
    let fault = #expect(throws: Fault.self) { try build(name, opset: 21, values) }
    #expect(fault?.code == .modelInvalid)
    #expect(fault?.message.contains("node the_node (\(name))") == true)
    #expect(fault?.message.contains(message) == true)
  }

  private func build(
    _ name: String, opset: Int, _ values: [String: AttributeValue] = [:], outputs: Int = 1
  ) throws -> any Operator {
    let builder = try #require(operatorTable[name])
    return try builder(
      NodeAttributes(
        node: "the_node", opType: name, opset: opset, values: values, inputCount: 1,
        outputCount: outputs))
  }
}
