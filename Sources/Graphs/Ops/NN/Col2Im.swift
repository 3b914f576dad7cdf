public import Faults
import Kernels
public import Tensors

/// Sliding blocks summed into an image.
///
/// Inputs: columns [N, C · block, blocks], the image's extents and the block's, both constant.
/// Source: ONNX Col2Im-18.
public struct Col2Im: Operator {
  public var dilations: [Int]?
  public var pads: [Int]?
  public var strides: [Int]?

  public init(dilations: [Int]? = nil, pads: [Int]? = nil, strides: [Int]? = nil) {
    self.dilations = dilations
    self.pads = pads
    self.strides = strides
  }

  public func outputTypes(_ inputs: [ValueFact?]) throws(Fault) -> [TensorType] {
    let facts = try InputFacts(inputs, counts: 3...3)
    let columns = try facts.floating(0, "input")
    var extents: [[Int]] = []
    for (index, name) in [(1, "image_shape"), (2, "block_shape")] {
      let fact = try facts.required(index, name, dtype: .int64)
      guard let constant = fact.constant, fact.shape.rank == 1 else {
        throw Fault(.modelInvalid, "input \(name) must be a constant vector")
      }
      extents.append(constant.elements(of: Int64.self).map { Int($0) })
    }
    let geometry = try geometry(image: extents[0], block: extents[1])
    let shape = columns.shape
    let size = geometry.block.reduce(1, *)
    guard shape.rank == 3, shape[1] % size == 0,
      shape[2] == geometry.counts.reduce(1, *)
    else {
      throw Fault(
        .modelInvalid,
        "columns \(shape) are not blocks of \(extents[1]) in an image of \(extents[0])")
    }
    return [TensorType(columns.dtype, Shape([shape[0], shape[1] / size] + extents[0]))]
  }

  public func evaluate(_ inputs: [Tensor?], into outputs: [Tensor]) throws(Fault) {
    columnsToImages(inputs.present(0), try geometry(inputs), into: outputs[0])
  }

  public func backward(_ pass: BackwardPass) throws(Fault) -> [Tensor?] {
    let geometry = try geometry(pass.inputs)
    return try pass.gradient(opType) { dY, dX throws(Fault) in
      imagesToColumns(dY, geometry, into: dX)
    }
  }

  private func geometry(_ inputs: [Tensor?]) throws(Fault) -> BlockGeometry {
    try geometry(
      image: inputs.present(1).elements(of: Int64.self).map { Int($0) },
      block: inputs.present(2).elements(of: Int64.self).map { Int($0) })
  }

  private func geometry(image: [Int], block: [Int]) throws(Fault) -> BlockGeometry {
    let ones = [Int](repeating: 1, count: image.count)
    guard
      let geometry = BlockGeometry(
        image: image, block: block, dilations: dilations ?? ones,
        pads: pads ?? [Int](repeating: 0, count: 2 * image.count), strides: strides ?? ones)
    else {
      throw Fault(.modelInvalid, "blocks of \(block) do not fit an image of \(image)")
    }
    return geometry
  }
}
