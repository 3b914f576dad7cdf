import Faults
import Graphs
import Tensors

/// Arithmetic, comparison, reduction, shape and data movement.
let arrayOperators: [String: OperatorBuilder] = [
  elementwiseOperators, movementOperators, reductionOperators,
].reduce(into: [:]) { table, part in table.merge(part) { first, _ in first } }

private let elementwiseOperators: [String: OperatorBuilder] = [
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
    BitShift(direction: try node.choice("direction", default: ""))
  },
  "BitwiseAnd": { _ in BitwiseAnd() },
  "BitwiseOr": { _ in BitwiseOr() },
  "BitwiseXor": { _ in BitwiseXor() },
  "BitwiseNot": { _ in BitwiseNot() },
]

private let movementOperators: [String: OperatorBuilder] = [
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
      axis: try node.int("axis", default: 0),
      reduction: try node.choice("reduction", default: "none"))
  },
  "Scatter": { node throws(Fault) in
    ScatterElements(axis: try node.int("axis", default: 0))
  },
  "ScatterND": { node throws(Fault) in
    ScatterND(reduction: try node.choice("reduction", default: "none"))
  },
  "DepthToSpace": { node throws(Fault) in
    DepthToSpace(
      blocksize: try node.int("blocksize", default: 0),
      mode: try node.choice("mode", default: "DCR"))
  },
  "SpaceToDepth": { node throws(Fault) in
    SpaceToDepth(
      blocksize: try node.int("blocksize", default: 0),
      mode: try node.choice("mode", default: "DCR"))
  },
  "Pad": { node throws(Fault) in
    Pad(
      mode: try node.choice("mode", default: "constant"), pads: try node.ints("pads"),
      value: try node.float("value", default: 0))
  },
  "Resize": { node throws(Fault) in try node.resize() },
  "Upsample": { node throws(Fault) in
    Upsample(
      mode: try node.choice("mode", default: "nearest"), scales: try node.floats("scales"))
  },
  "Range": { _ in RangeOperator() },
  "EyeLike": { node throws(Fault) in
    EyeLike(
      dtype: node.values["dtype"] == nil ? nil : try node.dtype("dtype"),
      k: try node.int("k", default: 0))
  },
  "Trilu": { node throws(Fault) in Trilu(upper: try node.bool("upper", default: true)) },
  "OneHot": { node throws(Fault) in OneHot(axis: try node.int("axis", default: -1)) },
  "NonZero": { _ in NonZero() },
]

private let reductionOperators: [String: OperatorBuilder] = [
  "ReduceSum": { node throws(Fault) in
    ReduceSum(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceMean": { node throws(Fault) in
    ReduceMean(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceProd": { node throws(Fault) in
    ReduceProd(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceMax": { node throws(Fault) in
    ReduceMax(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceMin": { node throws(Fault) in
    ReduceMin(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceL1": { node throws(Fault) in
    ReduceL1(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceL2": { node throws(Fault) in
    ReduceL2(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceSumSquare": { node throws(Fault) in
    ReduceSumSquare(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceLogSum": { node throws(Fault) in
    ReduceLogSum(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ReduceLogSumExp": { node throws(Fault) in
    ReduceLogSumExp(
      axes: try node.ints("axes"), keepdims: try node.keepdims(),
      noopWithEmptyAxes: try node.noopWithEmptyAxes())
  },
  "ArgMax": { node throws(Fault) in
    ArgMax(
      axis: try node.int("axis", default: 0), keepdims: try node.keepdims(),
      selectLastIndex: try node.bool("select_last_index", default: false))
  },
  "ArgMin": { node throws(Fault) in
    ArgMin(
      axis: try node.int("axis", default: 0), keepdims: try node.keepdims(),
      selectLastIndex: try node.bool("select_last_index", default: false))
  },
  "TopK": { node throws(Fault) in
    TopK(
      axis: try node.int("axis", default: -1), largest: try node.bool("largest", default: true),
      sorted: try node.bool("sorted", default: true), k: try node.int("k"))
  },
  "Einsum": { node throws(Fault) in Einsum(equation: try node.string("equation", default: "")) },
  "CumSum": { node throws(Fault) in
    CumSum(
      exclusive: try node.bool("exclusive", default: false),
      reverse: try node.bool("reverse", default: false))
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

  /// The case that a string attribute names.
  fileprivate func choice<Choice: RawRepresentable<String>>(
    _ name: String, default defaultValue: String
  ) throws(Fault) -> Choice {
    let value = try string(name, default: defaultValue)
    guard let choice = Choice(rawValue: value) else {
      throw invalid("\(name) is \"\(value)\", which is not supported")
    }
    return choice
  }

  fileprivate func keepdims() throws(Fault) -> Bool { try bool("keepdims", default: true) }

  fileprivate func noopWithEmptyAxes() throws(Fault) -> Bool {
    try bool("noop_with_empty_axes", default: false)
  }

  /// Opset 10 has two attributes less, and its own rules.
  fileprivate func resize() throws(Fault) -> Resize {
    guard opset >= 11 else {
      return Resize(
        mode: try choice("mode", default: "nearest"), coordinateTransformationMode: .asymmetric,
        nearestMode: .simple, scalesInput: 1)
    }
    return Resize(
      mode: try choice("mode", default: "nearest"),
      coordinateTransformationMode: try choice(
        "coordinate_transformation_mode", default: "half_pixel"),
      nearestMode: try choice("nearest_mode", default: "round_prefer_floor"),
      cubicCoeffA: try float("cubic_coeff_a", default: -0.75),
      excludeOutside: try bool("exclude_outside", default: false),
      extrapolationValue: try float("extrapolation_value", default: 0),
      antialias: try bool("antialias", default: false), axes: try ints("axes"),
      keepAspectRatioPolicy: try choice("keep_aspect_ratio_policy", default: "stretch"))
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
