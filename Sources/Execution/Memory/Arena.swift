import Kernels
import Tensors

/// The activations of one worker: memory for a batch, laid out by an `ArenaLayout`.
///
/// Pointers stay valid as long as the arena lives.
final class Arena {
  let layout: ArenaLayout
  let storage: TensorStorage
  let base: UnsafeMutablePointer<Float>

  init(layout: ArenaLayout) {
    self.layout = layout
    self.storage = TensorStorage(zeroPages: layout.floatCount * MemoryLayout<Float>.stride)
    self.base = storage.base.bindMemory(to: Float.self, capacity: layout.floatCount)
  }

  /// The floats of `image` in the slot, from `offset` on.
  func pointer(_ place: Place, image: Int) -> UnsafeMutablePointer<Float> {
    let slot = layout.slots[place.slot.index]
    let start = layout.offsets[place.slot.index] + place.offset
    return base + (start + (slot.perImage ? image * slot.floatsPerImage : 0))
  }

  /// The memory of a step's own for one thread.
  func scratch(_ place: Place, _ share: Share) -> UnsafeMutablePointer<Float> {
    precondition(share.index < layout.threads)
    return pointer(place, image: 0)
      + share.index * layout.slots[place.slot.index].floatsPerImage
  }

  /// Floats from one image to the next in the slot.
  func imageStride(_ place: Place) -> Int {
    let slot = layout.slots[place.slot.index]
    return slot.perImage ? slot.floatsPerImage : 0
  }

  /// A tensor over the room of one image.
  func tensor(_ place: Place, type: TensorType, image: Int) -> Tensor {
    let byteOffset = (pointer(place, image: image) - base) * MemoryLayout<Float>.stride
    return Tensor(dtype: type.dtype, shape: type.shape, storage: storage, byteOffset: byteOffset)
  }
}

/// A position inside a slot, in floats from the start of each image's room.
struct Place: Hashable, Sendable {
  var slot: SlotID
  var offset: Int = 0
}
