import Kernels
import Tensors

/// How the cells of a feature map [N, C, H, W] lie over the pixels of the input.
///
/// Pairs are [vertical, horizontal], in pixels.
public struct LayerGeometry: Hashable, Sendable {
  /// The distance between the pixels that neighbouring cells are centred on.
  public var stride: [Int]
  /// The extent of the pixels a cell depends on; `nil` when no window holds them.
  public var receptiveField: [Int]?

  public init(stride: [Int], receptiveField: [Int]?) {
    self.stride = stride
    self.receptiveField = receptiveField
  }

  /// What a cell of a window of cells of this geometry sees; `nil` on overflow.
  func window(reach: [Int], strides: [Int]) -> LayerGeometry? {
    var result = self
    for axis in 0..<2 {
      let (grown, isTooLarge) = (reach[axis] - 1).multipliedReportingOverflow(by: stride[axis])
      let (field, isTooWide) = (receptiveField?[axis] ?? 0).addingReportingOverflow(grown)
      let (step, isTooFar) = stride[axis].multipliedReportingOverflow(by: strides[axis])
      guard !isTooLarge, !isTooWide, !isTooFar else { return nil }
      result.stride[axis] = step
      result.receptiveField?[axis] = field
    }
    return result
  }

  /// What a cell sees that joins cells of both: the larger stride and the larger field.
  func joined(with other: LayerGeometry) -> LayerGeometry {
    var field: [Int]?
    if let a = receptiveField, let b = other.receptiveField {
      field = zip(a, b).map { max($0, $1) }
    }
    return LayerGeometry(
      stride: zip(stride, other.stride).map { max($0, $1) }, receptiveField: field)
  }
}

extension Graph {
  /// The geometry of the feature maps [N, C, H, W] that are computed from an image.
  ///
  /// Where paths join, the larger stride and field count. What a whole map is pooled to, such as
  /// the gate of a squeeze-excitation or the statistics of a normalisation, does not. Values without
  /// a grid of pixels, and those after resizing, are left out. The graph must be specialised.
  /// - Parameters:
  ///   - input: the image, [N, C, H, W].
  ///   - isChannelsLast: whether it is [N, H, W, C] instead.
  public func layerGeometries(
    from input: ValueID, isChannelsLast: Bool = false
  ) -> [ValueID: LayerGeometry] {
    var walk = GeometryWalk(self)
    walk.run(from: input, axes: isChannelsLast ? [1, 2] : [2, 3])
    var geometries: [ValueID: LayerGeometry] = [:]
    for (index, reach) in walk.reaches.enumerated() {
      guard case .local(let trace) = reach, trace.axes == [2, 3],
        values[index].type?.shape.rank == 4
      else { continue }
      geometries[ValueID(index)] = trace.geometry
    }
    return geometries
  }
}

/// What of the image a value depends on.
private enum Reach {
  /// Nothing.
  case fixed
  /// All of it, without a place of its own.
  case pooled
  /// What no regular grid describes.
  case scattered
  case local(Trace)
}

/// A grid of cells and the two axes of the value that it lies along.
private struct Trace {
  var axes: [Int]
  var geometry: LayerGeometry
}

private struct GeometryWalk {
  let graph: Graph
  var reaches: [Reach]

  init(_ graph: Graph) {
    self.graph = graph
    reaches = [Reach](repeating: .fixed, count: graph.values.count)
  }

  mutating func run(from input: ValueID, axes: [Int]) {
    guard shape(input)?.rank == 4 else { return }
    reaches[input.index] = .local(
      Trace(axes: axes, geometry: LayerGeometry(stride: [1, 1], receptiveField: [1, 1])))
    for node in graph.nodes.map(\.withoutQuantization) {
      let computed = node.outputs.map { reach(of: $0, node) }
      for (output, reach) in zip(node.outputs, computed) { reaches[output.index] = reach }
    }
  }

  private func shape(_ value: ValueID) -> Shape? { graph[value].type?.shape }

  private func reach(of output: ValueID, _ node: Node) -> Reach {
    if let reach = placeless(node) { return reach }
    guard let to = shape(output) else { return .scattered }
    if node.op.isPointwise { return merged(node, to) }
    if let concat = node.op as? Concat {
      let merged = merged(node, to)
      guard case .local(let trace) = merged else { return merged }
      let axis = concat.axis < 0 ? concat.axis + to.rank : concat.axis
      return trace.axes.contains(axis) ? .scattered : merged
    }
    guard let input = node.inputs.first ?? nil, let from = shape(input),
      case .local(let trace) = reaches[input.index]
    else { return .scattered }
    return following(trace, node, from, to)
  }

  /// The reach of a node none of whose inputs has a place.
  private func placeless(_ node: Node) -> Reach? {
    var result = Reach.fixed
    for case .some(let input) in node.inputs {
      switch reaches[input.index] {
      case .fixed: break
      case .pooled: result = .pooled
      case .scattered, .local: return nil
      }
    }
    return result
  }

  /// The reach of a cell that is made of the cells of all inputs at its place.
  private func merged(_ node: Node, _ to: Shape) -> Reach {
    var result: Trace?
    var isScattered = false
    for case .some(let input) in node.inputs {
      switch reaches[input.index] {
      case .fixed, .pooled: break
      case .scattered: isScattered = true
      case .local(var trace):
        guard let from = shape(input), from.rank <= to.rank else { return .pooled }
        // One cell that is spread over the map stands for the whole map.
        if isOneCell(from, trace.axes), !isOneCell(to, trace.axes.map { $0 + to.rank - from.rank })
        {
          continue
        }
        trace.axes = trace.axes.map { $0 + to.rank - from.rank }
        if let other = result {
          guard other.axes == trace.axes else { return .scattered }
          trace.geometry = trace.geometry.joined(with: other.geometry)
        }
        result = trace
      }
    }
    guard var trace = result else { return isScattered ? .scattered : .pooled }
    if isScattered { trace.geometry.receptiveField = nil }
    return .local(trace)
  }

  private func isOneCell(_ shape: Shape, _ axes: [Int]) -> Bool {
    axes.allSatisfy { shape[$0] == 1 }
  }

  /// The reach after an operator that moves, crops, pools or convolves the grid of its input 0.
  private func following(_ trace: Trace, _ node: Node, _ from: Shape, _ to: Shape) -> Reach {
    switch node.op {
    case is any GlobalPool: return .pooled
    case is any ViewOperator: return viewed(trace, from, to)
    case let op as any ReductionOperator: return reduced(trace, op, node)
    case is Split, is Pad: return .local(trace)
    case is Slice: return isContiguous(node) ? .local(trace) : .scattered
    case let op as Transpose:
      let perm = op.perm ?? Array((0..<from.rank).reversed())
      let axes = trace.axes.compactMap { perm.firstIndex(of: $0) }
      return axes.count == 2 ? .local(Trace(axes: axes, geometry: trace.geometry)) : .scattered
    case let op as any RowNormalizationOperator:
      return isWithinCells(op, trace, from) ? .local(trace) : .scattered
    case let op as any SoftmaxOperator:
      let axis = op.axis < 0 ? op.axis + from.rank : op.axis
      return op.flattens || trace.axes.contains(axis) ? .scattered : .local(trace)
    case is MatMul:
      return isChannelProduct(node, trace, from, to) ? .local(trace) : .scattered
    default:
      guard let window = Window(node, graph), trace.axes == [2, 3],
        let geometry = trace.geometry.window(reach: window.reach, strides: window.strides)
      else { return .scattered }
      return .local(Trace(axes: [2, 3], geometry: geometry))
    }
  }

  /// Follows the axes through another shape of the same elements.
  private func viewed(_ trace: Trace, _ from: Shape, _ to: Shape) -> Reach {
    if from == to { return .local(trace) }
    if isOneCell(from, trace.axes) { return .pooled }
    let axes = trace.axes.compactMap { axis in
      to.dimensions.indices.first {
        from[axis] > 1 && to[$0] == from[axis] && to.strides[$0] == from.strides[axis]
      }
    }
    return axes.count == 2 ? .local(Trace(axes: axes, geometry: trace.geometry)) : .scattered
  }

  private func reduced(_ trace: Trace, _ op: any ReductionOperator, _ node: Node) -> Reach {
    guard let reduced = try? op.reducedAxes(graph.facts(of: node)) else { return .scattered }
    switch trace.axes.count(where: reduced.contains) {
    case 0 where op.keepdims: return .local(trace)
    case 0:
      let axes = trace.axes.map { axis in axis - reduced.count { $0 < axis } }
      return .local(Trace(axes: axes, geometry: trace.geometry))
    case 2: return .pooled
    default: return .scattered
    }
  }

  private func isContiguous(_ node: Node) -> Bool {
    guard node.inputs.count > 4, let steps = node.inputs[4] else { return true }
    return (try? graph[steps].constant?.integers())?.allSatisfy { $0 == 1 } ?? false
  }

  /// Whether the rows that are normalised lie within a cell, or are whole maps.
  private func isWithinCells(
    _ op: any RowNormalizationOperator, _ trace: Trace, _ from: Shape
  ) -> Bool {
    let axis: Int
    switch op {
    case let op as LayerNormalization: axis = op.axis
    case let op as RMSNormalization: axis = op.axis
    default: return true
    }
    return trace.axes.allSatisfy { $0 < (axis < 0 ? axis + from.rank : axis) }
  }

  /// Whether a product mixes the channels of each cell of [N, H, W, C] by constant weights.
  private func isChannelProduct(_ node: Node, _ trace: Trace, _ from: Shape, _ to: Shape) -> Bool {
    guard node.inputs.count == 2, let weight = node.inputs[1],
      case .fixed = reaches[weight.index]
    else { return false }
    return from.rank == to.rank && !trace.axes.contains(from.rank - 1)
  }
}

/// The cells [height, width] that one cell of a convolution or a pooling is computed from.
private struct Window {
  var reach: [Int]
  var strides: [Int]

  init?(_ node: Node, _ graph: Graph) {
    switch node.op {
    case let op as Conv: self.init(op, weight: node.inputs[1], graph)
    case let op as ConvInteger: self.init(op.conv, weight: node.inputs[1], graph)
    case let op as QLinearConv: self.init(op.conv, weight: node.inputs[3], graph)
    case let op as MaxPool: self.init(op.kernelShape, op.strides, op.dilations)
    case let op as AveragePool: self.init(op.kernelShape, op.strides, op.dilations)
    case let op as LpPool: self.init(op.kernelShape, op.strides, op.dilations)
    case let op as SpaceToDepth:
      self.init([op.blocksize, op.blocksize], [op.blocksize, op.blocksize], nil)
    default: return nil
    }
  }

  private init?(_ conv: Conv, weight: ValueID?, _ graph: Graph) {
    guard let weight, let shape = graph[weight].type?.shape else { return nil }
    self.init(Array(shape.dimensions.dropFirst(2)), conv.strides, conv.dilations)
  }

  private init?(_ kernel: [Int], _ strides: [Int]?, _ dilations: [Int]?) {
    let (strides, dilations) = (strides ?? [1, 1], dilations ?? [1, 1])
    guard kernel.count == 2, strides.count == 2, dilations.count == 2 else { return nil }
    self.strides = strides
    // Shape inference has checked that each factor fits 32 bits.
    reach = zip(kernel, dilations).map { ($0 - 1) * $1 + 1 }
  }
}

extension Operator {
  /// Whether each cell is computed from the cells of the inputs at its place, and from what whole
  /// maps are pooled to.
  fileprivate var isPointwise: Bool {
    switch self {
    case is any ActivationOperator, is any RealOperator, is any UnaryOperator,
      is any BinaryOperator, is any VariadicOperator, is any ComparisonOperator,
      is any LogicalOperator, is any BitwiseOperator, is Clip, is PRelu, is BatchNormalization,
      is Dropout, is LRN, is Cast, is CastLike, is Where, is Pow, is Not, is IsNaN, is IsInf,
      is BitwiseNot, is QuantizeLinear, is DequantizeLinear, is QuantizeDequantize,
      is DynamicQuantizeLinear, is MeanVarianceNormalization:
      true
    default: false
    }
  }
}
