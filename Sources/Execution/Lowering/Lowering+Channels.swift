import Faults
import Graphs
import Kernels
import Tensors

extension Lowering {
  /// Emits an operation that moves channels; false when the node is none.
  mutating func lowerChannels(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    switch node.op {
    case let concat as Concat: return lowerConcat(node, concat)
    case let split as Split: return lowerSplit(node, split)
    case let slice as Slice: return lowerSlice(node, slice)
    case is Reshape: return lowerChannelShuffle(index)
    default: return false
    }
  }

  private mutating func lowerConcat(_ node: Node, _ concat: Concat) -> Bool {
    let values = node.inputs.compactMap(\.self)
    guard concat.axis == 1 || concat.axis == -3, !values.isEmpty,
      values.allSatisfy({ graph.isPlanes($0) && graph[$0].constant == nil }),
      values.contains(where: { exists($0, .blocked) })
    else { return false }
    let inputs = values.map { want($0, .blocked) }
    let output = Form(value: node.outputs[0], layout: .blocked)
    let counts = values.map { graph.knownType($0).shape[1] }
    let kernels = kernels
    emit(
      Operation(inputs: inputs, outputs: [output], sharing: .concat) {
        (bindings) throws(Fault) in
        let to = bindings.planes(output)
        var copies: [(from: PlanesAt, channel: Int, count: Int)] = []
        var channel = 0
        for (input, count) in zip(inputs, counts) {
          let from = bindings.planes(input)
          if from.place != to.place.advanced(toChannel: channel, of: to.layout) {
            copies.append((from, channel, count))
          }
          channel += count
        }
        guard !copies.isEmpty else { return nil }
        let parts = copies
        // A part written in place has filled the lanes of its blocks itself.
        let lastBlock = (to.layout.blockCount - 1) * ActivationLayout.block
        let copiesLastBlock = parts.contains {
          $0.channel <= lastBlock && lastBlock < $0.channel + $0.count
        }
        return Step { (images, arena) throws(Fault) in
          let (first, result) = (images.lowerBound, to.view(arena, images.lowerBound))
          if copiesLastBlock { arena.zeroLastBlock(of: to, images) }
          for part in parts {
            kernels.copyChannels(
              part.from.view(arena, first), from: 0, to: result, at: part.channel,
              count: part.count, images: images.count)
          }
        }
      })
    return true
  }

  private mutating func lowerSplit(_ node: Node, _ split: Split) -> Bool {
    guard let value = node.inputs[0], graph.isPlanes(value), exists(value, .blocked),
      split.axis == 1 || split.axis == -3
    else { return false }
    emitSplit(value, node.outputs, from: 0)
    return true
  }

  private mutating func lowerSlice(_ node: Node, _ slice: Slice) -> Bool {
    guard let value = node.inputs[0], graph.isPlanes(value), exists(value, .blocked),
      let start = channelSliceStart(node, slice, value)
    else { return false }
    emitSplit(value, [node.outputs[0]], from: start)
    return true
  }

  /// The first channel of a slice that takes a run of channels and whole planes.
  private func channelSliceStart(_ node: Node, _ slice: Slice, _ value: ValueID) -> Int? {
    let shape = graph.knownType(value).shape
    guard let bounds = try? slice.bounds(graph.facts(of: node)),
      bounds.steps.allSatisfy({ $0 == 1 }), bounds.extents[1] > 0,
      [0, 2, 3].allSatisfy({ bounds.starts[$0] == 0 && bounds.extents[$0] == shape[$0] })
    else { return nil }
    return bounds.starts[1]
  }

  private mutating func emitSplit(
    _ value: ValueID, _ outputs: [ValueID], from start: Int
  ) {
    let input = want(value, .blocked)
    let forms = outputs.map { Form(value: $0, layout: .blocked) }
    let counts = outputs.map { graph.knownType($0).shape[1] }
    let kernels = kernels
    emit(
      Operation(
        inputs: [input], outputs: forms, sharing: start == 0 ? .split : .none
      ) { (bindings) throws(Fault) in
        let from = bindings.planes(input)
        var copies: [(to: PlanesAt, channel: Int, count: Int)] = []
        var channel = start
        for (form, count) in zip(forms, counts) {
          let to = bindings.planes(form)
          if to.place != from.place.advanced(toChannel: channel, of: from.layout) {
            copies.append((to, channel, count))
          }
          channel += count
        }
        guard !copies.isEmpty else { return nil }
        let parts = copies
        return Step { (images, arena) throws(Fault) in
          let first = images.lowerBound
          for part in parts {
            arena.zeroLastBlock(of: part.to, images)
            kernels.copyChannels(
              from.view(arena, first), from: part.channel, to: part.to.view(arena, first), at: 0,
              count: part.count, images: images.count)
          }
        }
      })
  }

  /// Emits Reshape, Transpose, Reshape that interleave channel groups as one gather.
  private mutating func lowerChannelShuffle(_ index: Int) -> Bool {
    let node = graph.nodes[index]
    guard let value = node.inputs[0], graph.isPlanes(value), exists(value, .blocked),
      let transpose = soleConsumer(of: node.outputs[0]),
      let op = graph.nodes[transpose].op as? Transpose, op.perm == [0, 2, 1, 3, 4],
      let merge = soleConsumer(of: graph.nodes[transpose].outputs[0]),
      graph.nodes[merge].op is Reshape
    else { return false }
    let (shape, grouped) = (
      graph.knownType(value).shape, graph.knownType(node.outputs[0]).shape
    )
    let result = graph.nodes[merge].outputs[0]
    guard grouped.rank == 5, grouped[0] == 1, grouped[3] == shape[2], grouped[4] == shape[3],
      graph.knownType(result).shape == shape
    else { return false }
    let (groups, width) = (grouped[1], grouped[2])
    let channels = (0..<shape[1]).map { Int32($0 % groups * width + $0 / groups) }
    let (input, output) = (want(value, .blocked), Form(value: result, layout: .blocked))
    let kernels = kernels
    absorb([transpose, merge])
    emit(
      Operation(inputs: [input], outputs: [output]) { (bindings) throws(Fault) in
        let (x, z) = (bindings.planes(input), bindings.planes(output))
        return Step(dividing: .floats(x.layout.blockedImageFloats)) {
          (images, arena, share) throws(Fault) in
          kernels.gatherChannels(
            x.view(arena, images.lowerBound), channels: channels,
            output: z.view(arena, images.lowerBound), images: images.count, share: share)
        }
      })
    return true
  }
}

extension Place {
  /// The place of a channel that starts a block.
  fileprivate func advanced(toChannel channel: Int, of layout: ActivationLayout) -> Place? {
    guard channel % ActivationLayout.block == 0 else { return nil }
    let planeFloats = layout.blockedImageFloats / layout.blockCount
    return Place(slot: slot, offset: offset + channel / ActivationLayout.block * planeFloats)
  }
}

extension Arena {
  /// Zeroes the block that holds the last channels, when some of its lanes are padding: what lies
  /// there must be finite, and may come from another value that used the memory.
  fileprivate func zeroLastBlock(of planes: PlanesAt, _ images: Range<Int>) {
    guard planes.layout.channels % ActivationLayout.block != 0 else { return }
    let blocks = planes.layout.blockCount
    let planeFloats = planes.layout.blockedImageFloats / blocks
    for image in images {
      let start = pointer(planes.place, image: image) + (blocks - 1) * planeFloats
      start.update(repeating: 0, count: planeFloats)
    }
  }
}
