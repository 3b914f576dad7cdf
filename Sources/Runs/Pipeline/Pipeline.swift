import Faults
import Workers

/// Runs workers on one source; `consume` gets what they make on the calling thread.
///
/// Stops early when `cancellation` is set: what is in work is finished, nothing new is taken.
/// - Parameters:
///   - work: the whole life of one worker, given its number and the queue for what it makes.
///   - linger: how long to wait for more outputs once there is one, in milliseconds.
///   - consume: gets up to `consumeLimit` outputs; an empty list is a chance to look at the clock or
///     at signals. What it throws stops the pipeline.
/// - Throws: `Fault` of a worker that could not go on, or of `consume`.
func runPipeline<Output: Sendable>(
  workers: Int, _ source: any ItemSource, cancellation: CancellationFlag, consumeLimit: Int = 32,
  linger: Int = 0,
  work: @escaping @Sendable (Int, BoundedQueue<Output>) throws(Fault) -> Void,
  consume: ([Output]) throws(Fault) -> Void
) throws(Fault) {
  let finished = BoundedQueue<Output>(capacity: max(consumeLimit, 2 * workers))
  let failure = Monitor<Fault?>(nil)
  let running = Monitor(workers)
  var threads = ThreadGroup()
  for index in 0..<workers {
    let started = threads.start("worker-\(index)") {
      do throws(Fault) {
        try work(index, finished)
      } catch {
        failure.update { $0 = $0 ?? error }
        cancellation.cancel()
      }
      if decrement(running) == 0 { finished.close() }
    }
    if !started, decrement(running) == 0 { finished.close() }
  }
  var fault = threads.isEmpty ? Fault(.resourceExhausted, "no thread could be started") : nil
  while !threads.isEmpty {
    let (items, isEnd) = finished.popBatch(
      limit: consumeLimit, milliseconds: 250, linger: cancellation.isCancelled ? 0 : linger)
    if isEnd { break }
    if cancellation.isCancelled { source.stop() }
    if fault != nil { continue }
    do throws(Fault) {
      try consume(items)
    } catch {
      fault = error
      cancellation.cancel()
    }
  }
  threads.join()
  if let fault = fault ?? failure.withLock({ $0 }) { throw fault }
}

/// Runs workers as `runPipeline` does, and reports what they make in the order of the items.
func runOrdered<Output: Sendable>(
  workers: Int, window: Int, _ source: any ItemSource, isInterrupted: () -> Bool,
  receiving transfers: InputTransfers? = nil, limit: Int = 0,
  work:
    @escaping @Sendable (
      Int, any ItemSource, CancellationFlag, BoundedQueue<(sequence: Int, output: Output)>
    ) throws(Fault) -> Void,
  report: (Output) throws(Fault) -> Void
) throws(Fault) {
  // The window counts what is taken from the list, so that it always moves on.
  let windowed = WindowedSource(source, window: window)
  let source: any ItemSource =
    if let transfers { try ReceivingSource(windowed, transfers, limit: limit) } else { windowed }
  let cancellation = CancellationFlag()
  var waiting: [Int: Output] = [:]
  var next = 0
  try runPipeline(
    workers: workers, source, cancellation: cancellation, consumeLimit: 1,
    work: { (index, finished) throws(Fault) in
      try work(index, source, cancellation, finished)
    },
    consume: { (items) throws(Fault) in
      for item in items { waiting[item.sequence] = item.output }
      while let output = waiting.removeValue(forKey: next) {
        try report(output)
        windowed.didReport()
        next += 1
      }
      if isInterrupted() { cancellation.cancel() }
    })
  // After an interruption there may be gaps.
  for sequence in waiting.keys.sorted() {
    if let output = waiting[sequence] { try report(output) }
  }
}

/// Counts one down and returns what is left.
private func decrement(_ count: Monitor<Int>) -> Int {
  count.update { count in
    count -= 1
    return count
  }
}
