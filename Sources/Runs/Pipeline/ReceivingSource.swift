import Faults
import FileAccess
public import Transfers
import Workers

/// How inputs are read from URLs.
public struct InputTransfers: Sendable {
  public var client: TransferClient
  /// Transfers at once, and at once with one server.
  public var concurrency = 8

  public init(_ policy: TransferPolicy) {
    client = TransferClient(policy)
  }
}

/// A source whose items with URLs come with what their servers have sent.
///
/// Threads of its own read ahead, so that nobody waits for the network who could compute. An item
/// whose transfer has failed carries the fault. Items come in the order in which they are ready.
final class ReceivingSource: ItemSource {
  private let source: any ItemSource
  private let transfers: InputTransfers
  private let limit: Int
  private let gate: HostGate
  private let ready: BoundedQueue<InputItem>
  private let cancellation = CancellationFlag()
  private let state: Monitor<State>

  private struct State {
    var running: Int
    /// Bytes received that no worker has taken.
    var bytes = 0
  }

  /// Bytes received ahead of the workers beyond which no further transfer begins.
  private static let byteLimit = 256 << 20

  /// - Parameter limit: the most bytes of one input.
  /// - Throws: `Fault` when libcurl cannot be loaded or no thread be started.
  init(
    _ source: any ItemSource, _ transfers: InputTransfers, limit: Int
  ) throws(Fault) {
    self.source = source
    self.transfers = transfers
    self.limit = limit
    gate = HostGate(concurrency: transfers.concurrency, time: transfers.client.time)
    ready = BoundedQueue(capacity: 4 * transfers.concurrency)
    state = Monitor(State(running: transfers.concurrency))
    // Tells at once when the library is missing.
    _ = try transfers.client.makeSession()
    var started = 0
    for index in 0..<transfers.concurrency {
      let thread = WorkerThread("transfer-\(index)") { [self] in
        work()
        leave()
      }
      guard let thread else {
        leave()
        continue
      }
      thread.detach()
      started += 1
    }
    if started == 0 { throw Fault(.resourceExhausted, "no thread could be started") }
  }

  func next(wait: Bool) -> BoundedQueue<InputItem>.Next {
    let next: BoundedQueue<InputItem>.Next
    if wait {
      next = ready.pop().map { .element($0) } ?? .end
    } else {
      next = ready.popIfAvailable()
    }
    if case .element(let item) = next, let received = item.received {
      state.update { $0.bytes -= received.bytes.count }
    }
    return next
  }

  func stop() {
    cancellation.cancel()
    source.stop()
    ready.close()
    state.update { $0.bytes = 0 }
  }

  private func leave() {
    let isLast = state.update { state in
      state.running -= 1
      return state.running == 0
    }
    if isLast { ready.close() }
  }

  private func work() {
    var client = transfers.client
    let isCancelled = client.isCancelled
    client.isCancelled = { [cancellation] in cancellation.isCancelled || isCancelled() }
    var session: TransferSession?
    while !cancellation.isCancelled {
      let _: Bool = state.wait { $0.bytes < Self.byteLimit ? true : nil }
      guard case .element(var item) = source.next(wait: true) else { return }
      if let url = item.url, item.fault == nil {
        do throws(Fault) {
          if session == nil { session = try client.makeSession() }
          guard let session else { return }
          item.received = ReceivedInput(
            try client.fetch(url, limit: limit, session: session, gate: gate))
        } catch {
          item.fault = error
        }
        // What was given up is still to be done.
        if cancellation.isCancelled { return }
        state.update { $0.bytes += item.received?.bytes.count ?? 0 }
      }
      if !ready.push(item) { return }
    }
  }
}
