import Testing
import Workers

@testable import Runs

struct MemoryBudgetTests {
  @Test func `what is given back can be taken again`() {
    let budget = MemoryBudget(total: 100)
    var first = budget.reserveIfAvailable(60)
    #expect(first != nil)
    #expect(budget.reserveIfAvailable(41) == nil)
    first?.shrink(to: 59)
    let second = budget.reserveIfAvailable(41)
    #expect(second != nil)
    first = nil
    #expect(budget.reserveIfAvailable(59) != nil)
    withExtendedLifetime(second) {}
  }

  @Test func `more than there is is had alone`() {
    let budget = MemoryBudget(total: 100)
    var large = budget.reserveIfAvailable(1000)
    #expect(large != nil)
    #expect(budget.reserveIfAvailable(1) == nil)
    large = nil
    var small = budget.reserveIfAvailable(1)
    #expect(budget.reserveIfAvailable(1000) == nil)
    small = nil
    #expect(budget.reserveIfAvailable(1000) != nil)
    withExtendedLifetime((large, small)) {}
  }

  @Test func `many threads never hold more than there is, and all get their turn`() {
    let budget = MemoryBudget(total: 100)
    let held = Monitor((now: 0, most: 0, count: 0))
    var threads = ThreadGroup()
    for index in 0..<8 {
      let started = threads.start("test") {
        for round in 0..<200 {
          let bytes = 1 + (index * 37 + round * 13) % 100
          let reservation = budget.reserve(bytes)
          held.withLock { held in
            held.now += bytes
            held.most = max(held.most, held.now)
            held.count += 1
          }
          held.withLock { $0.now -= bytes }
          withExtendedLifetime(reservation) {}
        }
      }
      #expect(started)
    }
    threads.join()
    #expect(held.withLock { $0.count } == 1600)
    #expect(held.withLock { $0.most } <= 100)
    #expect(budget.reserveIfAvailable(100) != nil)
  }
}
