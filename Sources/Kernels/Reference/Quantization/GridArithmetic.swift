public import Tensors

/// Rounds (sums + bias) · factors to the grid, halves to even, limited to `range`.
///
/// Shapes: `sums` (int32) and `y` (float32) are alike; `bias` is empty or has one element for each
/// place of `axis`, `factors` one, or one for each place. Sums with the bias wrap. Source: the rule of
/// ONNX QLinearConv as ONNX Runtime computes it: one float32 product for each element.
public func roundOntoGrid(
  _ sums: Tensor, bias: [Int32], factors: [Float], axis: Int, grid: QuantizationGrid,
  range: ClosedRange<Float>, into y: Tensor
) {
  let layout = QuantizationLayout(y.shape, axis: axis, sharing: .axis)
  let (from, to) = (sums.pointer(as: Int32.self), y.mutablePointer(as: Float.self))
  layout.forEachRun { elements, place, _ in
    let factor = factors.count == 1 ? factors[0] : factors[place]
    let addend = bias.isEmpty ? 0 : bias[place]
    for index in elements {
      to[index] = grid.number(Float(from[index] &+ addend) * factor, in: range)
    }
  }
}

/// Adds numbers of two grids and rounds to a third, limited to `range` of its integers.
///
/// Source: QLinearAdd as ONNX Runtime computes it: zero points and scales are gathered into a
/// constant and two factors, two fused multiply-adds for each element.
public func addOnGrids(
  _ a: Tensor, _ gridA: QuantizationGrid, _ b: Tensor, _ gridB: QuantizationGrid,
  onto grid: QuantizationGrid, range: ClosedRange<Float>, into y: Tensor
) {
  let sum = GridSum(gridA, gridB, onto: grid)
  let (left, right) = (a.pointer(as: Float.self), b.pointer(as: Float.self))
  let to = y.mutablePointer(as: Float.self)
  let zero = Float(grid.zeroPoint)
  for index in 0..<y.elementCount {
    let (i, j) = (gridA.integer(nearest: left[index]), gridB.integer(nearest: right[index]))
    let rounded = sum.value(i + Float(gridA.zeroPoint), j + Float(gridB.zeroPoint))
      .rounded(.toNearestOrEven)
    to[index] = min(max(range.lowerBound, rounded - zero), range.upperBound) * grid.scale
  }
}

/// The constants of a sum of numbers of two grids.
public struct GridSum: Sendable {
  /// What an integer of either operand, with its zero point, is multiplied by.
  public let factors: (a: Float, b: Float)
  public let constant: Float

  public init(_ a: QuantizationGrid, _ b: QuantizationGrid, onto grid: QuantizationGrid) {
    factors = (a.scale / grid.scale, b.scale / grid.scale)
    let zeros = (factors.b * Float(b.zeroPoint)).addingProduct(factors.a, Float(a.zeroPoint))
    constant = Float(grid.zeroPoint) - zeros
  }

  /// The sum in steps of the result's grid, with its zero point.
  @inline(__always)
  func value(_ a: Float, _ b: Float) -> Float {
    constant.addingProduct(b, factors.b).addingProduct(a, factors.a)
  }
}

/// Writes the mean of each plane of x [N, C, spatial...] as a number of the grid, limited to `range`.
///
/// Source: QLinearGlobalAveragePool as ONNX Runtime computes it: an exact sum and one float32 product.
public func averageOnGrid(
  _ x: Tensor, _ source: QuantizationGrid, onto grid: QuantizationGrid,
  range: ClosedRange<Float>, into y: Tensor
) {
  let pixels = x.shape.dimensions.dropFirst(2).reduce(1, *)
  let factor = source.meanFactor(pixels: pixels, onto: grid)
  let (from, to) = (x.pointer(as: Float.self), y.mutablePointer(as: Float.self))
  for plane in 0..<y.elementCount {
    var sum: Int32 = 0
    for index in plane * pixels..<(plane + 1) * pixels {
      sum &+= Int32(source.integer(nearest: from[index]))
    }
    to[plane] = grid.number(Float(sum) * factor, in: range)
  }
}

extension QuantizationGrid {
  /// What a sum of this grid's integers over so many pixels is multiplied by to be their mean.
  public func meanFactor(pixels: Int, onto grid: QuantizationGrid) -> Float {
    scale / (grid.scale * Float(pixels))
  }

  /// The number of the grid nearest to `x` steps, limited to a range of its integers.
  @inline(__always)
  func number(_ x: Float, in range: ClosedRange<Float>) -> Float {
    min(max(range.lowerBound, x), range.upperBound).rounded(.toNearestOrEven) * scale
  }
}
