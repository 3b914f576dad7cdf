public import Faults
public import JSON
import Requests

/// Reads what a caller says about a run: a JSON object of at most 64 KiB.
/// - Throws: `Fault` with code `param.out_of_range`, whose message follows the name of the thing.
public func parseMetadata(_ bytes: [UInt8]) throws(Fault) -> JSONValue {
  guard bytes.count <= 4 * JobLimits.metadataBytes else { throw tooLong }
  let value: JSONValue
  do throws(Fault) {
    value = try JSONValue(parsing: bytes)
  } catch {
    throw Fault(
      .paramOutOfRange, "must be a JSON object: \(error.message)", details: error.details,
      cause: error)
  }
  return try checkedMetadata(value)
}

/// Returns the metadata of a run if it can be kept.
func checkedMetadata(_ value: JSONValue) throws(Fault) -> JSONValue {
  guard value.object != nil else {
    throw Fault(.paramOutOfRange, "must be an object, not \(value.kindName)")
  }
  guard value.encoded().count <= JobLimits.metadataBytes else { throw tooLong }
  return value
}

private var tooLong: Fault {
  Fault(.paramOutOfRange, "must not be longer than \(JobLimits.metadataBytes) bytes as JSON")
}
