public import Faults
import Images
import Inference
public import Requests
import Workers

/// Runs items through the workers and reports their results in order as they are done.
///
/// - Parameters:
///   - isInterrupted: asked several times a second; true finishes what is in work and stops.
///   - report: gets each result, on the calling thread, in the order of the items.
public func inferItems(
  _ settings: PipelineSettings, _ source: any ItemSource, isInterrupted: () -> Bool,
  report: (ResultItem) throws(Fault) -> Void
) throws(Fault) {
  try runOrdered(
    workers: settings.workers, window: 4 * settings.workers * settings.batch, source,
    isInterrupted: isInterrupted, receiving: settings.transfers,
    limit: settings.request.decoding.limits.maxBytes,
    work: { (index, source, cancellation, finished) throws(Fault) in
      var worker = try ItemWorker(settings, index: index) { item in
        finished.push((item.result.sequence, item.result))
      }
      try worker.run(source, cancellation)
    }, report: report)
}
