import CZlib
import Faults

/// Writes a zip file of entries that are stored as they are, without times.
///
/// Source: PKWARE APPNOTE 6.3, sections 4.3.6 to 4.3.16.
struct ZipWriter {
  private var directory: [UInt8] = []
  private var offset = 0
  private var count = 0

  /// The bytes of an entry with what stands before it.
  /// - Throws: `Fault` with code `resource.exhausted` beyond 4 GiB, where the format ends.
  mutating func entry(_ name: String, _ contents: [UInt8]) throws(Fault) -> [UInt8] {
    guard offset + contents.count < 0xFFFF_0000 else {
      throw Fault(
        .resourceExhausted,
        "the arrays of this run are larger than 4 GiB, more than one npz file takes: read "
          + "results.jsonl and the heatmaps instead")
    }
    let checksum = contents.withUnsafeBufferPointer {
      UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count))
    }
    let path = Array(name.utf8)
    var facts: [UInt8] = []
    // Version 2.0, UTF-8 names, stored, the first of January 1980.
    for value in [20, 0x800, 0, 0, 0x21] { facts += little(value, 2) }
    facts += little(Int(checksum), 4) + little(contents.count, 4) + little(contents.count, 4)
    facts += little(path.count, 2) + little(0, 2)
    let header = little(0x0403_4B50, 4) + facts + path
    directory += little(0x0201_4B50, 4) + little(20, 2) + facts + little(0, 2) + little(0, 2)
    directory += little(0, 2) + little(0, 4) + little(offset, 4) + path
    offset += header.count + contents.count
    count += 1
    return header + contents
  }

  /// What stands behind the last entry.
  func end() -> [UInt8] {
    directory + little(0x0605_4B50, 4) + little(0, 2) + little(0, 2) + little(count, 2)
      + little(count, 2) + little(directory.count, 4) + little(offset, 4) + little(0, 2)
  }

  private func little(_ value: Int, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}
