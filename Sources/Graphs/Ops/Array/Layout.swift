public import Faults
import Kernels
public import Tensors

/// Permutes the axes, reverses them without `perm`.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Transpose.html
public struct Transpose: Operator {
  public var perm: [Int]?

  public init(perm: [Int]? = nil) {
    self.perm = perm
  }

  /// The permutation for an input of this rank: axis i of the result is axis `[i]` of the input.
  public func permutation(rank: Int) throws(Fault) -> [Int] {
    guard let perm else { return (0..<rank).reversed() }
    guard perm.sorted() == Array(0..<rank) else {
      throw Fault(
        .modelInvalid, "Transpose: perm \(perm) does not permute \(rank) axes",
        details: ["operator": .string(opType)])
    }
    return perm
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let x = try OperandFacts(self, inputs)[0]
    return [
      TensorType(x.dtype, Shape(try permutation(rank: x.shape.rank).map { x.shape[$0] }))
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    try transpose(x, perm: try permutation(rank: x.shape.rank), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let perm = try permutation(rank: gradient.shape.rank)
    var inverse = perm
    for (place, axis) in perm.enumerated() { inverse[axis] = place }
    return [try transposed(gradient, perm: inverse)]
  }
}

/// Moves channels into blocks of `blocksize` by `blocksize` pixels.
///
/// Shapes: [N, C, H, W] becomes [N, C / blocksize², H · blocksize, W · blocksize].
/// Source: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
public struct DepthToSpace: Operator {
  public enum Mode: String, Sendable {
    case depthColumnRow = "DCR"
    case columnRowDepth = "CRD"
  }

  public var blocksize: Int
  public var mode: Mode

  public init(blocksize: Int, mode: Mode = .depthColumnRow) {
    self.blocksize = blocksize
    self.mode = mode
  }

  private var perm: [Int] {
    mode == .depthColumnRow ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let area = try blockArea(blocksize, operands)
    guard x.shape.rank == 4, x.shape[1] % area == 0 else {
      throw operands.fault("\(x.shape) is not [N, C, H, W] with C divisible by \(area)")
    }
    return [
      try operands.type(
        x.dtype, [x.shape[0], x.shape[1] / area, x.shape[2] * blocksize, x.shape[3] * blocksize])
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    let (n, h, w) = (x.shape[0], x.shape[2], x.shape[3])
    let depth = outputs[0].shape[1]
    let blocks: Shape =
      mode == .depthColumnRow
      ? [n, blocksize, blocksize, depth, h, w] : [n, depth, blocksize, blocksize, h, w]
    let split = perm.map { blocks[$0] }
    try transpose(x.reshaped(blocks), perm: perm, into: outputs[0].reshaped(Shape(split)))
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    let (n, h, w) = (x.shape[0], x.shape[2], x.shape[3])
    let blocks: Shape = [n, gradient.shape[1], h, blocksize, w, blocksize]
    let inverse = mode == .depthColumnRow ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
    return [try transposed(gradient.reshaped(blocks), perm: inverse).reshaped(x.shape)]
  }
}

/// Moves blocks of `blocksize` by `blocksize` pixels into channels.
///
/// Shapes: [N, C, H, W] becomes [N, C · blocksize², H / blocksize, W / blocksize].
/// Source: https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
public struct SpaceToDepth: Operator {
  public var blocksize: Int

  public init(blocksize: Int) {
    self.blocksize = blocksize
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let area = try blockArea(blocksize, operands)
    guard x.shape.rank == 4, x.shape[2] % blocksize == 0, x.shape[3] % blocksize == 0 else {
      throw operands.fault("\(x.shape) is not [N, C, H, W] with sides divisible by \(blocksize)")
    }
    return [
      try operands.type(
        x.dtype, [x.shape[0], x.shape[1] * area, x.shape[2] / blocksize, x.shape[3] / blocksize])
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let x = try inputs.operand(0)
    let (h, w) = (outputs[0].shape[2], outputs[0].shape[3])
    let blocks: Shape = [x.shape[0], x.shape[1], h, blocksize, w, blocksize]
    let split: Shape = [x.shape[0], blocksize, blocksize, x.shape[1], h, w]
    try transpose(x.reshaped(blocks), perm: [0, 3, 5, 1, 2, 4], into: outputs[0].reshaped(split))
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    let (h, w) = (gradient.shape[2], gradient.shape[3])
    let split: Shape = [x.shape[0], blocksize, blocksize, x.shape[1], h, w]
    return [
      try transposed(gradient.reshaped(split), perm: [0, 3, 4, 1, 5, 2]).reshaped(x.shape)
    ]
  }
}

private func blockArea(_ blocksize: Int, _ operands: OperandFacts) throws(Fault) -> Int {
  guard blocksize > 0, blocksize <= 1 << 15 else {
    throw operands.fault("a block size of \(blocksize) is impossible")
  }
  return blocksize * blocksize
}
