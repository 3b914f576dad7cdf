import Testing
import Workers

struct WorkersTests {
  @Test func `a bounded queue passes everything on, in order per producer`() {
    let queue = BoundedQueue<(producer: Int, value: Int)>(capacity: 3)
    let running = Monitor(4)
    var threads: [Thread] = []
    for producer in 0..<4 {
      threads.append(
        Thread {
          for value in 0..<500 { queue.push((producer, value)) }
          let rest = running.update { count in
            count -= 1
            return count
          }
          if rest == 0 { queue.close() }
        })
    }
    var next = [Int](repeating: 0, count: 4)
    while let element = queue.pop() {
      #expect(element.value == next[element.producer])
      next[element.producer] += 1
    }
    for thread in threads { thread.join() }
    #expect(next == [500, 500, 500, 500])
  }

  @Test(arguments: [0, 1, 3, 100], [0, 1, 4])
  func `values that threads compute are in the order of their places`(count: Int, threads: Int) {
    let workers = Monitor(0)
    let values = computeInThreads(count, threads: threads, name: "square") {
      workers.withLock { $0 += 1 }
      return { $0 * $0 }
    }
    #expect(values == (0..<count).map { $0 * $0 })
    #expect(workers.withLock { $0 } == min(max(1, threads), count))
  }

  @Test func `a closed queue takes nothing and gives what it has`() {
    let queue = BoundedQueue<Int>(capacity: 2)
    #expect(queue.push(1))
    queue.close()
    #expect(!queue.push(2))
    #expect(queue.pop() == 1)
    #expect(queue.pop() == nil)
    #expect(queue.popBatch(limit: 4, milliseconds: 1).isEnd)
  }

  @Test func `an open queue without elements says so`() {
    let queue = BoundedQueue<Int>(capacity: 2)
    guard case .nothing = queue.popIfAvailable() else {
      Issue.record("expected nothing")
      return
    }
    let batch = queue.popBatch(limit: 4, milliseconds: 1)
    #expect(batch.elements.isEmpty && !batch.isEnd)
  }

  @Test func `threads run and end`() {
    let sum = Monitor(0)
    let threads = (1...8).map { number in Thread { sum.update { $0 += number } } }
    for thread in threads { thread.join() }
    #expect(sum.withLock { $0 } == 36)
    #expect(WorkerThread.usableProcessors >= 1)
  }
}

/// A thread in an array.
final class Thread {
  private var thread: WorkerThread?

  init(_ body: @escaping @Sendable () -> Void) {
    thread = WorkerThread("test", body)
  }

  func join() {
    thread.take()?.join()
  }
}
