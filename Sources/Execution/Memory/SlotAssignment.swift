import Graphs
import Kernels
import Tensors

/// Decides which forms share memory, how wide their halos are, and how long each buffer lives.
///
/// Concatenation comes first: an input that starts on a channel block is written straight into the
/// result, and a concatenation whose inputs already lie in a row is no work at all. Views and
/// in-place operations take what is left.
struct SlotAssignment {
  private(set) var slots: [Slot] = []
  private(set) var places: [Form: Place] = [:]
  private(set) var halos: [Form: Halo] = [:]

  private let operations: [Operation]
  private let types: (ValueID) -> TensorType
  private var parents: [Form: (form: Form, channel: Int)] = [:]
  private var lastUse: [Form: Int] = [:]
  private var firstUse: [Form: Int] = [:]

  /// - Parameters:
  ///   - inputs: forms that are written before the first operation.
  ///   - results: forms that are read after the last one.
  ///   - split: operations before it run image by image, the others on the whole batch.
  init(
    operations: [Operation], inputs: [Form], results: [Form], split: Int,
    types: @escaping (ValueID) -> TensorType
  ) {
    self.operations = operations
    self.types = types
    for form in inputs { firstUse[form] = 0 }
    for (index, operation) in operations.enumerated() {
      for form in operation.outputs { firstUse[form] = min(firstUse[form] ?? index, index) }
      for form in operation.inputs { lastUse[form] = index }
    }
    for form in results { lastUse[form] = operations.count }
    gatherHalos()
    shareConcatenations()
    shareSplits()
    shareViewsAndInPlace(pinned: Set(inputs + results))
    unifyHalos()
    makeSlots(split: split)
    makeScratch()
  }

  private func root(of form: Form) -> (form: Form, channel: Int) {
    var (form, channel) = (form, 0)
    while let parent = parents[form] {
      channel += parent.channel
      form = parent.form
    }
    return (form, channel)
  }

  private mutating func gatherHalos() {
    for operation in operations {
      for (form, halo) in zip(operation.inputs, operation.halos) {
        halos[form] = (halos[form] ?? Halo.none).union(halo)
      }
      for form in operation.outputs where halos[form] == nil { halos[form] = Halo.none }
    }
  }

  private mutating func shareConcatenations() {
    for operation in operations.reversed() where operation.sharing == .concat {
      let output = operation.outputs[0]
      if let parent = commonParent(operation.inputs) {
        if parents[output] == nil { parents[output] = parent }
        continue
      }
      var channel = 0
      for (index, input) in operation.inputs.enumerated() {
        let isProduced = firstUse[input] != nil && producedFresh(input)
        let repeated = operation.inputs[..<index].contains(input)
        if channel % 16 == 0, isProduced, !repeated, parents[input] == nil, input != output {
          parents[input] = (output, channel)
        }
        channel += types(input.value).shape[1]
      }
    }
  }

  /// The parent in which all inputs already lie one after the other, if there is one.
  private func commonParent(_ inputs: [Form]) -> (form: Form, channel: Int)? {
    guard let first = inputs.first.flatMap({ parents[$0] }) else { return nil }
    var channel = first.channel
    for input in inputs {
      guard let parent = parents[input], parent.form == first.form, parent.channel == channel
      else { return nil }
      channel += types(input.value).shape[1]
    }
    return first
  }

  private func producedFresh(_ form: Form) -> Bool {
    operations.contains { $0.outputs.contains(form) && $0.sharing != .view && $0.sharing != .split }
  }

  private mutating func shareSplits() {
    for operation in operations where operation.sharing == .split {
      var channel = 0
      for output in operation.outputs {
        if channel % 16 == 0, parents[output] == nil {
          parents[output] = (operation.inputs[0], channel)
        }
        channel += types(output.value).shape[1]
      }
    }
  }

  private mutating func shareViewsAndInPlace(pinned: Set<Form>) {
    for (index, operation) in operations.enumerated() {
      guard let output = operation.outputs.first, parents[output] == nil else { continue }
      switch operation.sharing {
      case .view:
        let input = operation.inputs[0]
        if liesAlike(input, output) { parents[output] = (input, 0) }
      case .inPlace(let position):
        let input = operation.inputs[position]
        guard !pinned.contains(input), !pinned.contains(output), liesAlike(input, output),
          parents[input] == nil, lastUse[input] == index, hasNoOtherReader(input, after: index),
          operation.inputs.filter({ $0 == input }).count == 1
        else { continue }
        parents[output] = (input, 0)
      case .none, .concat, .split: continue
      }
    }
  }

  /// Whether nothing that shares memory with the form is read by this operation or later.
  private func hasNoOtherReader(_ form: Form, after index: Int) -> Bool {
    let base = root(of: form).form
    return parents.keys.allSatisfy { other in
      other == form || root(of: other).form != base || (lastUse[other] ?? 0) < index
    }
  }

  /// Whether both forms keep the same floats in the same order.
  private func liesAlike(_ a: Form, _ b: Form) -> Bool {
    if a.layout == b.layout {
      guard a.layout == .bytes, let (left, right) = bytePlanes(a, b) else {
        return a.layout == .plain || types(a.value).shape == types(b.value).shape
      }
      return left == right
    }
    let blocked = a.layout == .blocked ? a : b
    let plain = a.layout == .blocked ? b : a
    guard blocked.layout == .blocked, plain.layout == .plain else { return false }
    let shape = types(blocked.value).shape
    let wholeBlocks = shape[1] % 16 == 0 || a == blocked
    return shape[2] == 1 && shape[3] == 1 && halos[blocked] == Halo.none && wholeBlocks
  }

  private typealias Planes = (channels: Int, height: Int, width: Int)

  private func bytePlanes(_ a: Form, _ b: Form) -> (Planes, Planes)? {
    guard let left = types(a.value).shape.bytePlanes, let right = types(b.value).shape.bytePlanes
    else { return nil }
    return (left, right)
  }

  private mutating func unifyHalos() {
    var unified: [Form: Halo] = [:]
    for (form, halo) in halos {
      let base = root(of: form).form
      unified[base] = (unified[base] ?? Halo.none).union(halo)
    }
    for form in halos.keys {
      halos[form] = unified[root(of: form).form]
    }
  }

  private mutating func makeSlots(split: Int) {
    let end = operations.count
    var indices: [Form: Int] = [:]
    var forms = Set(firstUse.keys)
    forms.formUnion(lastUse.keys)
    for form in forms.sorted(by: { ($0.value, "\($0.layout)") < ($1.value, "\($1.layout)") }) {
      let (base, channel) = root(of: form)
      let index = indices[base] ?? slots.count
      if indices[base] == nil {
        indices[base] = index
        slots.append(
          Slot(floatsPerImage: floats(of: base), perImage: false, firstStep: end, lastStep: 0))
      }
      slots[index].firstStep = min(slots[index].firstStep, firstUse[form] ?? 0)
      slots[index].lastStep = max(slots[index].lastStep, lastUse[form] ?? firstUse[form] ?? 0)
      slots[index].floatsPerImage = max(slots[index].floatsPerImage, floats(of: form))
      let plane = channel == 0 ? 0 : planeFloats(of: form) * (channel / 16)
      places[form] = Place(slot: SlotID(index: index), offset: plane)
    }
    for index in slots.indices { settle(&slots[index], split: split) }
  }

  /// Images take turns in the memory of one operation, which nothing reads afterwards.
  private mutating func makeScratch() {
    for (index, operation) in operations.enumerated() where operation.scratchFloats > 0 {
      let form = Form(value: operation.outputs[0].value, layout: .scratch)
      places[form] = Place(slot: SlotID(index: slots.count))
      slots.append(
        Slot(
          floatsPerImage: (operation.scratchFloats + 15) / 16 * 16, perImage: false,
          perThread: true, firstStep: index, lastStep: index))
    }
  }

  /// A buffer that outlives the image-by-image part has room for every image, through that whole
  /// part: a later image's early steps run after an earlier image's late ones.
  private func settle(_ slot: inout Slot, split: Int) {
    slot.perImage = slot.lastStep >= split || slot.firstStep == 0
    guard slot.perImage, slot.firstStep < split else { return }
    slot.firstStep = 0
    slot.lastStep = max(slot.lastStep, split - 1)
  }

  private func planeFloats(of form: Form) -> Int {
    let shape = types(form.value).shape
    let halo = halos[form] ?? Halo.none
    return (halo.top + shape[2] + halo.bottom) * (halo.left + shape[3] + halo.right) * 16
  }

  private func floats(of form: Form) -> Int {
    let type = types(form.value)
    let halo = halos[form] ?? Halo.none
    let floats: Int
    switch form.layout {
    case .plain:
      floats = (type.shape.elementCount * type.dtype.byteSize + 3) / 4
    case .blocked:
      floats = (type.shape[1] + 15) / 16 * planeFloats(of: form)
    case .bytes:
      guard let planes = type.shape.bytePlanes else {
        preconditionFailure("\(type) cannot lie in byte planes")
      }
      let pixels =
        (halo.top + planes.height + halo.bottom) * (halo.left + planes.width + halo.right)
      floats = ((planes.channels + 15) / 16 * pixels * 16 + ByteView.slack) / 4
    case .planar:
      floats =
        type.shape[1] * (halo.top + type.shape[2] + halo.bottom)
        * (halo.left + type.shape[3] + halo.right)
    case .scratch:
      preconditionFailure("scratch memory holds no value")
    }
    return (max(floats, 1) + 15) / 16 * 16
  }
}
