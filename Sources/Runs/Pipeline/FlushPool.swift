import Faults
import Workers

/// A few threads that wait for the disk, so that flushes meet there and are done together.
final class FlushPool {
  private static let threadCount = 4

  private let jobs = BoundedQueue<Job>(capacity: 64)
  private var threads = ThreadGroup()

  private struct Job: Sendable {
    var work: @Sendable () throws(Fault) -> Void
    var batch: Monitor<Batch>

    func run() {
      var fault: Fault?
      do throws(Fault) {
        try work()
      } catch {
        fault = error
      }
      batch.update { batch in
        batch.left -= 1
        batch.fault = batch.fault ?? fault
      }
    }
  }

  private struct Batch {
    var left: Int
    var fault: Fault?
  }

  deinit {
    jobs.close()
    threads.join()
  }

  /// Calls `work` for each element, several at a time, and returns when all is done.
  /// - Throws: the first fault; the other calls are made nevertheless.
  func forEach<Element: Sendable>(
    _ elements: [Element], _ work: @escaping @Sendable (Element) throws(Fault) -> Void
  ) throws(Fault) {
    if elements.count == 1 { return try work(elements[0]) }
    if threads.isEmpty { startThreads() }
    let batch = Monitor(Batch(left: elements.count))
    for element in elements {
      let job = Job(work: { () throws(Fault) in try work(element) }, batch: batch)
      if threads.isEmpty { job.run() } else { jobs.push(job) }
    }
    let ended = batch.wait { $0.left == 0 ? $0 : nil }
    if let fault = ended.fault { throw fault }
  }

  private func startThreads() {
    for number in 0..<Self.threadCount {
      let jobs = jobs
      _ = threads.start("flush-\(number)") {
        while let job = jobs.pop() { job.run() }
      }
    }
  }
}
