import Faults
import Tensors

@testable import Graphs
@testable import ONNXImport

/// A small node of one operator, to find out what the operator can do.
struct OperatorProbe {
  let name: String
  var inputs: [Input]
  var attributes: [String: AttributeValue] = [:]
  var outputs = 1
  /// What the probe cannot find out: limits of shapes and attributes.
  var notes = ""

  enum Input {
    /// Takes every element type in turn.
    case swept(Shape)
    /// Elements of one type.
    case typed(DType, Shape)
    /// Given elements.
    case fixed(Tensor)
    case absent
  }

  /// A node with one swept input for each shape.
  init(
    _ name: String, _ shapes: Shape..., attributes: [String: AttributeValue] = [:],
    notes: String = ""
  ) {
    self.init(name, inputs: shapes.map(Input.swept), attributes: attributes, notes: notes)
  }

  init(
    _ name: String, inputs: [Input], attributes: [String: AttributeValue] = [:],
    outputs: Int = 1, notes: String = ""
  ) {
    self.name = name
    self.inputs = inputs
    self.attributes = attributes
    self.outputs = outputs
    self.notes = notes
  }

  /// The line of the table.
  func row() throws -> String {
    let op = try build()
    let types = DType.allCases.filter { (try? Self.run(op, operands($0))) != nil }
    guard let type = types.contains(.float32) ? .float32 : types.first else {
      throw Fault(.internalError, "the probe of \(name) does not run")
    }
    let takes = inputs.contains(where: \.isSwept) ? Self.describe(types) : "-"
    let cells = [
      name, op.isView ? "view" : "yes", try gradient(op, operands(type)), takes, notes,
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  /// What the operator says of its gradient rule, and whether asking for a gradient is refused; `nil`
  /// where the results are no floating-point numbers.
  func rule() throws -> (isAnnounced: Bool, isRefused: Bool)? {
    let op = try build()
    guard let type = [.float32, .uint8].first(where: { (try? Self.run(op, operands($0))) != nil }),
      let result = try Self.run(op, operands(type)).first, result.dtype.isFloatingPoint
    else { return nil }
    return (op.hasGradientRule, try gradient(op, operands(type)) == "no")
  }

  private func build() throws -> any Operator {
    guard let builder = operatorTable[name] else {
      throw Fault(.internalError, "\(name) is not in the table of operators")
    }
    return try builder(
      NodeAttributes(
        node: "probe", opType: name, opset: 23, values: attributes, inputCount: inputs.count,
        outputCount: outputs))
  }

  private func operands(_ dtype: DType) -> [Tensor?] {
    inputs.map { input in
      switch input {
      case .swept(let shape): sample(dtype, shape)
      case .typed(let fixed, let shape): sample(fixed, shape)
      case .fixed(let tensor): tensor
      case .absent: nil
      }
    }
  }

  private static func run(_ op: any Operator, _ inputs: [Tensor?]) throws -> [Tensor] {
    let types = try op.outputTypes(inputs.map { $0.map { ValueFact($0.type, constant: $0) } })
    let outputs = types.map { Tensor(uninitialized: $0.dtype, $0.shape) }
    try op.evaluate(inputs, into: outputs)
    return outputs
  }

  /// Which inputs get a gradient, found by asking for it.
  private func gradient(_ op: any Operator, _ operands: [Tensor?]) throws -> String {
    if op.isView { return "yes" }
    let outputs = try Self.run(op, operands)
    guard let first = outputs.first else { return "no" }
    let seed = sample(first.dtype.isFloatingPoint ? first.dtype : .float32, first.shape)
    let candidates = inputs.indices.filter {
      operands[$0] != nil && (inputs[$0].isSwept || operands[$0]?.dtype.isFloatingPoint == true)
    }
    var (given, refused): ([Int], [Int]) = ([], [])
    for index in candidates {
      let pass = BackwardPass(
        inputs: operands, outputs: outputs,
        outputGradients: [seed] + outputs.dropFirst().map { _ in nil },
        wanted: operands.indices.map { $0 == index })
      do throws(Fault) {
        let gradients = try op.backward(pass)
        if index < gradients.count, let gradient = gradients[index], !gradient.isZero {
          given.append(index)
        }
      } catch {
        guard error.code == .explainNotSupported else { throw error }
        refused.append(index)
      }
    }
    guard !given.isEmpty else { return refused.isEmpty ? "zero" : "no" }
    let word = op.isStraightThrough ? "straight-through" : "yes"
    return given.count == candidates.filter { inputs[$0].isSwept }.count || candidates.count == 1
      ? word : word + ", by input " + given.map { "\($0)" }.joined(separator: ", ")
  }

  /// Element types in words.
  private static func describe(_ types: [DType]) -> String {
    guard types.count < DType.allCases.count else { return "all" }
    let groups: [(String, [DType])] = [
      ("float16/32/64", [.float16, .float32, .float64]),
      ("int8/16/32/64", [.int8, .int16, .int32, .int64]),
      ("uint8/16/32/64", [.uint8, .uint16, .uint32, .uint64]),
    ]
    var rest = types
    var words: [String] = []
    for (word, members) in groups where members.allSatisfy(types.contains) {
      words.append(word)
      rest.removeAll(where: members.contains)
    }
    return (words + rest.map { "\($0)" }).joined(separator: ", ")
  }
}

extension OperatorProbe.Input {
  fileprivate var isSwept: Bool {
    if case .swept = self { true } else { false }
  }
}

/// Positive elements of any type: floats on either side of 1, all other elements 1.
private func sample(_ dtype: DType, _ shape: Shape) -> Tensor {
  func floats<T: TensorElement & BinaryFloatingPoint>(_ type: T.Type) -> Tensor {
    let cycle: [T] = [0.3, 0.7, 1.3, 0.6, 1.7]
    return Tensor((0..<shape.elementCount).map { cycle[$0 % cycle.count] }, shape: shape)
  }
  func ones<T: TensorElement>(_ one: T) -> Tensor {
    Tensor([T](repeating: one, count: shape.elementCount), shape: shape)
  }
  return switch dtype {
  case .float32: floats(Float.self)
  case .float64: floats(Double.self)
  case .float16: floats(Float16.self)
  case .int8: ones(Int8(1))
  case .int16: ones(Int16(1))
  case .int32: ones(Int32(1))
  case .int64: ones(Int64(1))
  case .uint8: ones(UInt8(1))
  case .uint16: ones(UInt16(1))
  case .uint32: ones(UInt32(1))
  case .uint64: ones(UInt64(1))
  case .bool: ones(true)
  }
}

extension Tensor {
  /// Whether every element is zero; NaN is not.
  fileprivate var isZero: Bool {
    switch dtype {
    case .float32: elements(of: Float.self).allSatisfy { $0 == 0 }
    case .float64: elements(of: Double.self).allSatisfy { $0 == 0 }
    default: false
    }
  }
}
