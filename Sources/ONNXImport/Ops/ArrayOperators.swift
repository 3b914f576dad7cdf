import Faults
import Graphs
import Tensors

/// Arithmetic, comparison, reduction, shape and data movement.
let arrayOperators: [String: OperatorBuilder] = [
  "Add": { _ in Add() },
  "Sub": { _ in Sub() },
  "Mul": { _ in Mul() },
  "Div": { _ in Div() },
  "Pow": { _ in Pow() },
  "Mod": { node throws(Fault) in Mod(fmod: try node.bool("fmod", default: false)) },
  "Min": { _ in Min() },
  "Max": { _ in Max() },
  "Mean": { _ in Mean() },
  "Sum": { _ in Sum() },
  "Neg": { _ in Neg() },
  "Abs": { _ in Abs() },
  "Sign": { _ in Sign() },
  "Sqrt": { _ in Sqrt() },
  "Reciprocal": { _ in Reciprocal() },
  "Exp": { _ in Exp() },
  "Log": { _ in Log() },
  "Floor": { _ in Floor() },
  "Ceil": { _ in Ceil() },
  "Round": { _ in Round() },
  "Sin": { _ in Sin() },
  "Cos": { _ in Cos() },
  "Tan": { _ in Tan() },
  "Asin": { _ in Asin() },
  "Acos": { _ in Acos() },
  "Atan": { _ in Atan() },
  "Sinh": { _ in Sinh() },
  "Cosh": { _ in Cosh() },
  "Asinh": { _ in Asinh() },
  "Acosh": { _ in Acosh() },
  "Atanh": { _ in Atanh() },
  "IsNaN": { _ in IsNaN() },
  "IsInf": { node throws(Fault) in
    IsInf(
      detectNegative: try node.bool("detect_negative", default: true),
      detectPositive: try node.bool("detect_positive", default: true))
  },
  "Equal": { _ in Equal() },
  "Greater": { _ in Greater() },
  "GreaterOrEqual": { _ in GreaterOrEqual() },
  "Less": { _ in Less() },
  "LessOrEqual": { _ in LessOrEqual() },
  "And": { _ in And() },
  "Or": { _ in Or() },
  "Xor": { _ in Xor() },
  "Not": { _ in Not() },
  "Where": { _ in Where() },
  "BitShift": { node throws(Fault) in
    let name = try node.string("direction", default: "")
    guard let direction = BitShift.Direction(rawValue: name) else {
      throw node.invalid("direction \(name) is neither LEFT nor RIGHT")
    }
    return BitShift(direction: direction)
  },
  "BitwiseAnd": { _ in BitwiseAnd() },
  "BitwiseOr": { _ in BitwiseOr() },
  "BitwiseXor": { _ in BitwiseXor() },
  "BitwiseNot": { _ in BitwiseNot() },
  "Cast": { node throws(Fault) in Cast(to: try node.dtype("to")) },
  "CastLike": { _ in CastLike() },
  "Identity": { _ in Identity() },
  "Constant": { node throws(Fault) in Constant(value: try node.constantValue()) },
  "ConstantOfShape": { node throws(Fault) in
    ConstantOfShape(value: try node.tensor("value") ?? Tensor(scalar: Float(0)))
  },
  "Shape": { node throws(Fault) in
    ShapeOperator(start: try node.int("start", default: 0), end: try node.int("end"))
  },
  "Size": { _ in Size() },
  "Reshape": { node throws(Fault) in
    Reshape(allowzero: try node.bool("allowzero", default: false))
  },
  "Flatten": { node throws(Fault) in Flatten(axis: try node.int("axis", default: 1)) },
  "Squeeze": { node throws(Fault) in Squeeze(axes: try node.ints("axes")) },
  "Unsqueeze": { node throws(Fault) in Unsqueeze(axes: try node.ints("axes")) },
  "Expand": { _ in Expand() },
  "Tile": { _ in Tile() },
  "Transpose": { node throws(Fault) in Transpose(perm: try node.ints("perm")) },
  "Concat": { node throws(Fault) in
    guard let axis = try node.int("axis") else { throw node.invalid("the axis is missing") }
    return Concat(axis: axis)
  },
  "Split": { node throws(Fault) in
    Split(
      axis: try node.int("axis", default: 0), split: try node.ints("split"),
      numOutputs: try node.int("num_outputs", default: node.outputCount))
  },
  "Slice": { node throws(Fault) in
    Slice(
      starts: try node.ints("starts"), ends: try node.ints("ends"), axes: try node.ints("axes"))
  },
  "Gather": { node throws(Fault) in Gather(axis: try node.int("axis", default: 0)) },
  "GatherElements": { node throws(Fault) in
    GatherElements(axis: try node.int("axis", default: 0))
  },
  "GatherND": { node throws(Fault) in GatherND(batchDims: try node.int("batch_dims", default: 0)) },
  "ScatterElements": { node throws(Fault) in
    ScatterElements(
      axis: try node.int("axis", default: 0), reduction: try node.scatterReduction())
  },
  "Scatter": { node throws(Fault) in
    ScatterElements(axis: try node.int("axis", default: 0))
  },
  "ScatterND": { node throws(Fault) in ScatterND(reduction: try node.scatterReduction()) },
  "DepthToSpace": { node throws(Fault) in
    DepthToSpace(blocksize: try node.int("blocksize", default: 0), mode: try node.depthOrder())
  },
  "SpaceToDepth": { node throws(Fault) in
    SpaceToDepth(blocksize: try node.int("blocksize", default: 0), mode: try node.depthOrder())
  },
]

extension NodeAttributes {
  /// The element type that an attribute numbers.
  fileprivate func dtype(_ name: String) throws(Fault) -> DType {
    guard let number = try int(name) else { throw invalid("attribute \(name) is missing") }
    guard let dtype = DType(rawValue: number) else {
      throw invalid("element type \(number) is not supported: export with float32 or float16")
    }
    return dtype
  }

  fileprivate func depthOrder() throws(Fault) -> DepthOrder {
    let name = try string("mode", default: "DCR")
    guard let order = DepthOrder(rawValue: name) else {
      throw invalid("mode \(name) is neither DCR nor CRD")
    }
    return order
  }

  fileprivate func scatterReduction() throws(Fault) -> ScatterElements.Reduction {
    let name = try string("reduction", default: "none")
    guard let reduction = ScatterElements.Reduction(rawValue: name) else {
      throw invalid("reduction \(name) is unknown")
    }
    return reduction
  }

  /// The value of a Constant node, which one of several attributes holds.
  fileprivate func constantValue() throws(Fault) -> Tensor {
    if let tensor = try tensor("value") { return tensor }
    if let number = try float("value_float") { return Tensor(scalar: number) }
    if let numbers = try floats("value_floats") { return Tensor(numbers, shape: [numbers.count]) }
    if let number = try int("value_int") { return Tensor(scalar: Int64(number)) }
    if let numbers = try ints("value_ints") {
      return Tensor(numbers.map(Int64.init), shape: [numbers.count])
    }
    throw invalid("a constant of strings or a sparse one is not supported")
  }
}
