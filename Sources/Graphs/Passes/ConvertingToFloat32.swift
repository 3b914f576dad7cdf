public import Faults
import Tensors

extension Graph {
  /// Returns the graph with Float16 and Float64 constants, inputs and casts as Float32, types
  /// inferred anew; an input of integers becomes Float32 and is rounded into the range of its type.
  ///
  /// Weights of Float16 keep their values, those of Float64 are rounded once. Sums and products are
  /// then rounded to Float32.
  /// - Throws: `Fault` with code `model.invalid` when the graph in Float32 has no consistent types.
  public func inFloat32(keep: Set<ValueID> = []) throws(Fault) -> Graph {
    var graph = self
    for index in graph.values.indices {
      guard let single = graph.values[index].constant?.single else { continue }
      graph.values[index].constant = single
      graph.values[index].type = single.type
    }
    for index in graph.nodes.indices { graph.nodes[index].op = graph.nodes[index].op.inFloat32 }
    for index in graph.inputs.indices {
      let dtype = graph.inputs[index].dtype
      graph.inputs[index].dtype = .float32
      if let range = dtype.pixelRange {
        graph.roundInput(graph.inputs[index].value, to: dtype, range)
      }
    }
    var shapes: [ValueID: Shape] = [:]
    for input in inputs { shapes[input.value] = self[input.value].type?.shape }
    return try graph.specialized(inputShapes: shapes, keep: keep)
  }

  /// Lets what reads an input read its integers instead, or the same numbers where it casts them.
  private mutating func roundInput(
    _ input: ValueID, to dtype: DType, _ range: ClosedRange<Float>
  ) {
    let name = self[input].name
    let rounded = addValue(Value(name: "\(name)/rounded"))
    let limited = addValue(Value(name: "\(name)/limited"))
    let integers = addValue(Value(name: "\(name)/\(dtype)"))
    for index in nodes.indices where nodes[index].inputs.contains(input) {
      let source = (nodes[index].op as? Cast)?.to == .float32 ? limited : integers
      nodes[index].inputs = nodes[index].inputs.map { $0 == input ? source : $0 }
    }
    let limits = Clip(min: range.lowerBound, max: range.upperBound)
    let added: [(any Operator, ValueID, ValueID)] = [
      (Round(), input, rounded), (limits, rounded, limited), (Cast(to: dtype), limited, integers),
    ]
    nodes.insert(
      contentsOf: added.map { op, from, to in
        Node(name: self[to].name, op: op, inputs: [from], outputs: [to])
      }, at: 0)
  }
}

extension DType {
  /// The numbers of an integer type that Float32 holds exactly.
  fileprivate var pixelRange: ClosedRange<Float>? {
    switch self {
    case .uint8: 0...255
    case .int8: -128...127
    case .uint16: 0...65_535
    case .int16: -32_768...32_767
    case .int32, .int64: -16_777_216...16_777_216
    case .uint32, .uint64: 0...16_777_216
    case .bool, .float16, .float32, .float64: nil
    }
  }

  /// Whether Float32 stands for this type while a network runs.
  fileprivate var becomesFloat32: Bool { self == .float16 || self == .float64 }
}

extension Tensor {
  /// The Float32 form of Float16 or Float64 elements; `nil` for other types.
  fileprivate var single: Tensor? {
    switch dtype {
    case .float16: Tensor(elements(of: Float16.self).map(Float.init), shape: shape)
    case .float64: Tensor(elements(of: Double.self).map(Float.init), shape: shape)
    default: nil
    }
  }
}

extension Operator {
  /// The operator with Float32 where an attribute names another floating-point type.
  fileprivate var inFloat32: any Operator {
    switch self {
    case let cast as Cast where cast.to.becomesFloat32: return Cast(to: .float32)
    case let filled as ConstantOfShape:
      return ConstantOfShape(value: filled.value.single ?? filled.value)
    case var dequantized as DequantizeLinear where dequantized.outputDType?.becomesFloat32 == true:
      dequantized.outputDType = .float32
      return dequantized
    case var identity as EyeLike where identity.dtype?.becomesFloat32 == true:
      identity.dtype = .float32
      return identity
    default: return self
    }
  }
}
