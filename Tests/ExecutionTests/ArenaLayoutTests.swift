import InfercamTestSupport
import Testing

@testable import Execution

struct ArenaLayoutTests {
  @Test(arguments: 0..<20)
  func `buffers that live at the same time never overlap`(seed: Int) {
    var random = SeededTensors(seed: UInt64(seed))
    let slots = (0..<40).map { _ in
      let first = random.integer(in: 0...29)
      return Slot(
        floatsPerImage: 16 * random.integer(in: 1...50),
        perImage: random.integer(in: 0...1) == 1, firstStep: first,
        lastStep: first + random.integer(in: 0...7))
    }
    let batch = 3
    let layout = ArenaLayout(slots: slots, batch: batch)
    func room(_ index: Int) -> Range<Int> {
      let size = slots[index].floatsPerImage * (slots[index].perImage ? batch : 1)
      return layout.offsets[index]..<layout.offsets[index] + size
    }
    for a in slots.indices {
      #expect(layout.offsets[a] % 16 == 0 && room(a).upperBound <= layout.floatCount)
      for b in slots.indices where b > a {
        let meet =
          slots[a].firstStep <= slots[b].lastStep && slots[b].firstStep <= slots[a].lastStep
        #expect(!meet || !room(a).overlaps(room(b)))
      }
    }
  }

  @Test func `buffers that never meet share room`() {
    let slots = (0..<4).map {
      Slot(floatsPerImage: 160, perImage: false, firstStep: 2 * $0, lastStep: 2 * $0 + 1)
    }
    #expect(ArenaLayout(slots: slots, batch: 1).floatCount == 160)
  }
}
