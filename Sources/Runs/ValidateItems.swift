public import Faults
import FileAccess
public import Images
public import JSON
import Requests
import Tensors
import Workers

/// What validation says about one input.
public struct ValidatedItem: Sendable {
  public var id: String
  public var fault: Fault?
  public var json: JSONValue
}

/// Reads and decodes items by the rules of a run, without a model, and reports them in order.
/// - Parameter memory: what all workers share for decoding; `nil` for as much as each takes.
public func validateItems(
  _ source: any ItemSource, options: DecodeOptions, access: InputAccess = InputAccess(),
  transfers: InputTransfers? = nil, memory: MemoryBudget? = nil, workers: Int,
  isInterrupted: () -> Bool,
  report: (ValidatedItem) throws(Fault) -> Void
) throws(Fault) {
  let reader = InputReader(access, limit: options.limits.maxBytes)
  try runOrdered(
    workers: workers, window: 64 * workers, source, isInterrupted: isInterrupted,
    receiving: transfers, limit: options.limits.maxBytes,
    work: { (_, source, cancellation, finished) in
      while !cancellation.isCancelled, case .element(let item) = source.next(wait: true) {
        finished.push((item.sequence, validate(item, options, reader, memory)))
      }
    }, report: report)
}

private func validate(
  _ item: InputItem, _ options: DecodeOptions, _ reader: InputReader, _ memory: MemoryBudget?
) -> ValidatedItem {
  var members = item.echo
  members["seq"] = JSONValue(item.sequence)
  members["id"] = .string(item.id)
  var source = item.source
  var failure: Fault?
  do throws(Fault) {
    let contents = try reader.read(item)
    source["bytes"] = JSONValue(contents.bytes.count)
    source["sha256"] = .string(contents.sha256)
    source.merge(try facts(contents.bytes, item.declaredType, options, memory)) { _, new in new }
  } catch {
    failure = error
    members["error"] = error.errorObject(requestID: nil)
  }
  members["source"] = .object(source)
  members["status"] = failure == nil ? "accepted" : "rejected"
  return ValidatedItem(id: item.id, fault: failure, json: .object(members))
}

/// What the bytes would decode to.
private func facts(
  _ bytes: [UInt8], _ declared: MediaType?, _ options: DecodeOptions, _ memory: MemoryBudget?
) throws(Fault) -> [String: JSONValue] {
  if bytes.withUnsafeBytes({ NPY.isNPY($0) }) { return try arrayFacts(bytes, options) }
  let reservation = memory?.reserve(toDecode: bytes, declared, options)
  defer { withExtendedLifetime(reservation) {} }
  let image = try decode(bytes, declared, options)
  var facts: [String: JSONValue] = [
    "format": .string(image.header.format.rawValue), "width": JSONValue(image.header.width),
    "height": JSONValue(image.header.height),
    "orientation": JSONValue(image.header.orientation.rawValue),
    "channels": JSONValue(image.header.samples.channels),
    "bit_depth": JSONValue(image.header.samples.bitDepth),
    "pages": JSONValue(image.header.samples.pages),
  ]
  if image.partial { facts["partial"] = true }
  if !image.warnings.isEmpty {
    facts["warnings"] = .array(image.warnings.map(JSONValue.string))
  }
  return facts
}

/// What an array is; whether it fits, only a model can say.
private func arrayFacts(
  _ bytes: [UInt8], _ options: DecodeOptions
) throws(Fault) -> [String: JSONValue] {
  let array = try bytes.withUnsafeBytes { raw in
    Result { () throws(Fault) in try NPY.decode(raw) }
  }.get()
  let shape = array.shape
  var facts: [String: JSONValue] = [
    "format": "npy", "shape": .array(shape.dimensions.map { JSONValue($0) }),
    "dtype": .string("\(array.dtype)"),
  ]
  if array.dtype == .uint8, shape.rank == 3, shape[2] == 3 {
    try options.limits.check(width: shape[1], height: shape[0])
    facts["width"] = JSONValue(shape[1])
    facts["height"] = JSONValue(shape[0])
  } else if !(3...4).contains(shape.rank) || array.dtype == .bool {
    throw Fault(
      .imageInvalidFormat,
      "the array is \(array.dtype) \(shape): a model input is [C, H, W] or [N, C, H, W], an image "
        + "uint8 [H, W, 3]")
  }
  return facts
}

extension MemoryBudget {
  /// Waits for memory to decode an image in; `nil` for what is no image, which fails or needs none.
  fileprivate func reserve(
    toDecode bytes: [UInt8], _ declared: MediaType?, _ options: DecodeOptions
  ) -> Reservation? {
    let header = bytes.withUnsafeBytes { bytes in
      try? ImageHeader.read(bytes, declared: declared, options: options)
    }
    return header.map { reserve($0.estimatedBytes) }
  }
}

private func decode(
  _ bytes: [UInt8], _ declared: MediaType?, _ options: DecodeOptions
) throws(Fault) -> DecodedImage {
  try bytes.withUnsafeBufferPointer { (buffer) throws(Fault) in
    try DecodedImage.decode(
      UnsafeRawBufferPointer(buffer), declared: declared, options: options)
  }
}
