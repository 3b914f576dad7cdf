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
        .modelInvalid, "perm \(perm) does not permute \(rank) axes",
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

/// How `DepthToSpace` and `SpaceToDepth` order channels: by block, row and column of the block.
public enum DepthOrder: String, Sendable {
  /// The place in the block is outermost.
  case depthColumnRow = "DCR"
  /// The depth is outermost.
  case columnRowDepth = "CRD"

  /// The channel axis split in three, in order.
  func split(depth: Int, blocksize: Int) -> [Int] {
    self == .depthColumnRow ? [blocksize, blocksize, depth] : [depth, blocksize, blocksize]
  }

  /// From [N, channel parts, H, W] to [N, C, H, block rows, W, block columns].
  var toSpace: [Int] { self == .depthColumnRow ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3] }

  /// The inverse of `toSpace`.
  var toDepth: [Int] { self == .depthColumnRow ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4] }
}

/// Moves channels into blocks of `blocksize` by `blocksize` pixels.
///
/// Shapes: [N, C, H, W] becomes [N, C / blocksize², H · blocksize, W · blocksize].
/// Source: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html
public struct DepthToSpace: Operator {
  public var blocksize: Int
  public var mode: DepthOrder

  public init(blocksize: Int, mode: DepthOrder = .depthColumnRow) {
    self.blocksize = blocksize
    self.mode = mode
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let area = try blockArea(blocksize, operands)
    guard x.shape.rank == 4, x.shape[1] % area == 0 else {
      throw operands.fault("\(x.shape) is not [N, C, H, W] with C divisible by \(area)")
    }
    let (height, width) = (x.shape[2], x.shape[3])
    guard max(height, width) <= 1 << 31 else { throw operands.fault("\(x.shape) is too large") }
    return [
      try operands.type(
        x.dtype, [x.shape[0], x.shape[1] / area, height * blocksize, width * blocksize])
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let blocks = blocks(try inputs.operand(0).shape, blocksize, mode)
    try transpose(
      try inputs.operand(0).reshaped(blocks.depth), perm: mode.toSpace,
      into: outputs[0].reshaped(blocks.space))
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let x = try pass.input(0)
    let blocks = blocks(x.shape, blocksize, mode)
    return [
      try transposed(gradient.reshaped(blocks.space), perm: mode.toDepth).reshaped(x.shape)
    ]
  }
}

/// Moves blocks of `blocksize` by `blocksize` pixels into channels.
///
/// Shapes: [N, C, H, W] becomes [N, C · blocksize², H / blocksize, W / blocksize].
/// Source: https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
public struct SpaceToDepth: Operator {
  public var blocksize: Int
  public var mode: DepthOrder

  public init(blocksize: Int, mode: DepthOrder = .depthColumnRow) {
    self.blocksize = blocksize
    self.mode = mode
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let operands = OperandFacts(self, inputs)
    let x = try operands[0]
    let area = try blockArea(blocksize, operands)
    guard x.shape.rank == 4, x.shape[2] % blocksize == 0, x.shape[3] % blocksize == 0 else {
      throw operands.fault("\(x.shape) is not [N, C, H, W] with sides divisible by \(blocksize)")
    }
    guard x.shape[1] <= 1 << 31 else { throw operands.fault("\(x.shape) is too large") }
    return [
      try operands.type(
        x.dtype, [x.shape[0], x.shape[1] * area, x.shape[2] / blocksize, x.shape[3] / blocksize])
    ]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    let blocks = blocks(outputs[0].shape, blocksize, mode)
    try transpose(
      try inputs.operand(0).reshaped(blocks.space), perm: mode.toDepth,
      into: outputs[0].reshaped(blocks.depth))
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    guard let gradient = pass.gradient else { return pass.noGradients }
    let blocks = blocks(gradient.shape, blocksize, mode)
    return [
      try transposed(gradient.reshaped(blocks.depth), perm: mode.toSpace)
        .reshaped(try pass.input(0).shape)
    ]
  }
}

/// The six axes of a tensor whose channels hold blocks, and of the one with the blocks spread out.
private func blocks(
  _ deep: Shape, _ blocksize: Int, _ mode: DepthOrder
) -> (depth: Shape, space: Shape) {
  let (n, h, w) = (deep[0], deep[2], deep[3])
  let depth = deep[1] / (blocksize * blocksize)
  return (
    Shape([n] + mode.split(depth: depth, blocksize: blocksize) + [h, w]),
    [n, depth, h, blocksize, w, blocksize]
  )
}

private func blockArea(_ blocksize: Int, _ operands: OperandFacts) throws(Fault) -> Int {
  guard blocksize > 0, blocksize <= 1 << 15 else {
    throw operands.fault("a block size of \(blocksize) is impossible")
  }
  return blocksize * blocksize
}
