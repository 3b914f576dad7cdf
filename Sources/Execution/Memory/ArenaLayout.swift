/// The place of a buffer in `ArenaLayout.slots`.
struct SlotID: Hashable, Sendable {
  let index: Int
}

/// A buffer of the arena: floats for one image, and the steps between which it holds a value.
struct Slot: Sendable {
  /// Floats of one image, a multiple of 16.
  var floatsPerImage: Int
  /// Whether every image of a batch has its own room, or all take turns in one.
  var perImage: Bool
  /// Whether every thread of a team has its own room.
  var perThread = false
  var firstStep: Int
  var lastStep: Int
}

/// Where each buffer lies in the memory of a worker, by liveness: buffers whose lifetimes do not
/// meet share room.
///
/// Offsets are in floats and multiples of 16, so that every image of every buffer starts on a cache
/// line.
struct ArenaLayout: Sendable {
  let slots: [Slot]
  let batch: Int
  let threads: Int
  let offsets: [Int]
  let floatCount: Int

  /// Places the slots for `batch` images that `threads` threads compute together, largest first,
  /// each at the lowest offset that is free during its whole lifetime.
  init(slots: [Slot], batch: Int, threads: Int = 1) {
    func size(_ slot: Slot) -> Int {
      slot.floatsPerImage * (slot.perImage ? batch : 1) * (slot.perThread ? threads : 1)
    }
    var offsets = [Int](repeating: 0, count: slots.count)
    var placed: [Int] = []
    var end = 0
    let order = slots.indices.sorted {
      let (a, b) = (size(slots[$0]), size(slots[$1]))
      return a == b ? $0 < $1 : a > b
    }
    for index in order {
      let slot = slots[index]
      let length = size(slot)
      var offset = 0
      let rivals = placed.filter {
        slots[$0].firstStep <= slot.lastStep && slot.firstStep <= slots[$0].lastStep
      }
      for rival in rivals.sorted(by: { offsets[$0] < offsets[$1] })
      where offsets[rival] < offset + length {
        offset = max(offset, offsets[rival] + size(slots[rival]))
      }
      offsets[index] = offset
      placed.append(index)
      end = max(end, offset + length)
    }
    self.slots = slots
    self.batch = batch
    self.threads = threads
    self.offsets = offsets
    self.floatCount = end
  }
}
