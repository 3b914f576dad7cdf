import FileAccess
import Images
import InfercamTestSupport
import JSON
import Testing
import Workers

@testable import Runs

#if canImport(Glibc)
import Glibc
#endif

struct ValidateItemsTests {
  @Test func `validation waits for memory that others hold`() throws {
    var selection = InputSelection()
    selection.paths = [checkoutFolder.appending("samples/metal-crack-01.jpg")]
    let list = try collectInputs(selection).list
    let memory = MemoryBudget(total: 2)
    let held = Monitor(memory.reserveIfAvailable(1))
    let state = Monitor((hasWaited: false, hasEnded: false))
    var threads = ThreadGroup()
    let hasStarted = threads.start("test") {
      // While one waits, nobody else gets what is left.
      while memory.reserveIfAvailable(1) != nil {
        if state.withLock({ $0.hasEnded }) { return }
        sched_yield()
      }
      state.withLock { $0.hasWaited = true }
      held.withLock { $0 = nil }
    }
    try #require(hasStarted)
    var statuses: [String?] = []
    try validateItems(
      ListSource(list), options: DecodeOptions(), memory: memory, workers: 1,
      isInterrupted: { false }, report: { statuses.append($0.json["status"]?.string) })
    state.withLock { $0.hasEnded = true }
    threads.join()
    #expect(state.withLock { $0.hasWaited })
    #expect(statuses == ["accepted"])
  }
}
