import Digests
public import Faults
import FileAccess
public import Images
public import JSON
import Requests
import Workers

/// What validation says about one input.
public struct ValidatedItem: Sendable {
  public var id: String
  public var fault: Fault?
  public var json: JSONValue
}

/// Reads and decodes items by the rules of a run, without a model, and reports them in order.
public func validateItems(
  _ source: any ItemSource, options: DecodeOptions, transfers: InputTransfers? = nil, workers: Int,
  isInterrupted: () -> Bool, report: (ValidatedItem) throws(Fault) -> Void
) throws(Fault) {
  try runOrdered(
    workers: workers, window: 64 * workers, source, isInterrupted: isInterrupted,
    receiving: transfers, limit: options.limits.maxBytes,
    work: { (_, source, cancellation, finished) in
      while !cancellation.isCancelled, case .element(let item) = source.next(wait: true) {
        finished.push((item.sequence, validate(item, options)))
      }
    }, report: report)
}

private func validate(_ item: InputItem, _ options: DecodeOptions) -> ValidatedItem {
  var members = item.echo
  members["seq"] = JSONValue(item.sequence)
  members["id"] = .string(item.id)
  var source = item.source
  var failure: Fault?
  do throws(Fault) {
    let bytes = try item.read(limit: options.limits.maxBytes).bytes
    let sha256 = SHA256.hex(of: bytes)
    source["bytes"] = JSONValue(bytes.count)
    source["sha256"] = .string(sha256)
    try item.checkDigest(sha256)
    let image = try decode(bytes, item.declaredType, options)
    source["format"] = .string(image.header.format.rawValue)
    source["width"] = JSONValue(image.header.width)
    source["height"] = JSONValue(image.header.height)
    source["orientation"] = JSONValue(image.header.orientation.rawValue)
    source["channels"] = JSONValue(image.header.samples.channels)
    source["bit_depth"] = JSONValue(image.header.samples.bitDepth)
    source["pages"] = JSONValue(image.header.samples.pages)
    if image.partial { source["partial"] = true }
    if !image.warnings.isEmpty {
      source["warnings"] = .array(image.warnings.map(JSONValue.string))
    }
  } catch {
    failure = error
    members["error"] = error.errorObject(requestID: nil)
  }
  members["source"] = .object(source)
  members["status"] = failure == nil ? "accepted" : "rejected"
  return ValidatedItem(id: item.id, fault: failure, json: .object(members))
}

private func decode(
  _ bytes: [UInt8], _ declared: MediaType?, _ options: DecodeOptions
) throws(Fault) -> DecodedImage {
  try bytes.withUnsafeBufferPointer { (buffer) throws(Fault) in
    try DecodedImage.decode(
      UnsafeRawBufferPointer(buffer), declared: declared, options: options)
  }
}
