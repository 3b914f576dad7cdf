import Digests
import Faults
import FileAccess
import JSON
import Tensors

/// The logits of one item: a row of `logits.npy`.
struct LogitsRow {
  /// Little-endian float32.
  let bytes: [UInt8]
  /// The place of the item among all.
  let row: Int

  init(_ logits: [Float], row: Int) {
    self.row = row
    bytes = logits.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
  }

  /// The result with what it says about its row.
  func added(to result: JSONValue) -> JSONValue {
    var members = result.object ?? [:]
    members["logits"] = [
      "path": "logits.npy", "row": JSONValue(row), "sha256": .string(SHA256.hex(of: bytes)),
    ]
    return .object(members)
  }

  /// The SHA-256 of the row that an item names.
  static func digest(inItem item: [UInt8]) -> String? {
    (try? JSONValue(parsing: item))?["result"]?["logits"]?["sha256"]?.string
  }
}

/// What stands before the rows.
func logitsHeader(items: Int, count: Int) -> [UInt8] {
  NPY.header(.float32, [items, count])
}

/// The row of an item; that of a failed one is not a number.
func logitsRow(_ record: JournalRecord, _ line: [UInt8], count: Int) -> [UInt8] {
  if let row = record.logits(in: line), row.count == 4 * count { return row }
  return LogitsRow([Float](repeating: .nan, count: count), row: record.sequence).bytes
}

/// Copies the logits of the journals into one array [items, classes], in the order of the inputs.
func writeLogits(
  _ journals: JournalSet, count: Int, to path: RawPath, temporary: RawPath, isDurable: Bool
) throws(Fault) {
  try copyRecords(
    journals, header: logitsHeader(items: journals.index.count, count: count), to: path,
    temporary: temporary, isDurable: isDurable
  ) { record, line, buffer in buffer += logitsRow(record, line, count: count) }
}
