/// Builds uncompressed TIFF files, one strip or tile per block.
struct SampleTIFF {
  var width = 2
  var height = 1
  var bits = 8
  var samples = 1
  var photometric = 1
  var planar = 1
  var rowsPerStrip: Int?
  var tile: Int?
  var bigEndian = false
  var blocks: [[UInt8]] = []
  /// More fields of short values, by tag; they replace those above.
  var fields: [Int: [Int]] = [:]
  var directories = 1

  var bytes: [UInt8] {
    var data: [UInt8] = []
    var offsets: [Int] = []
    for block in blocks {
      offsets.append(8 + data.count)
      data += block
    }
    if data.count % 2 == 1 { data.append(0) }
    var entries: [Int: [Int]] = [
      256: [width], 257: [height], 258: [Int](repeating: bits, count: samples), 259: [1],
      262: [photometric], 277: [samples], 284: [planar],
    ]
    let counts = blocks.map(\.count)
    if let tile {
      entries.merge([322: [tile], 323: [tile], 324: offsets, 325: counts]) { $1 }
    } else {
      entries.merge([273: offsets, 278: [rowsPerStrip ?? height], 279: counts]) { $1 }
    }
    entries.merge(fields) { $1 }
    var file: [UInt8] = bigEndian ? [0x4D, 0x4D, 0, 42] : [0x49, 0x49, 42, 0]
    file += word(8 + data.count) + data
    for index in 0..<directories {
      file += directory(entries, at: file.count, isLast: index == directories - 1)
    }
    return file
  }

  private func directory(_ entries: [Int: [Int]], at start: Int, isLast: Bool) -> [UInt8] {
    var body = short(entries.count)
    var extra: [UInt8] = []
    let extraStart = start + 2 + entries.count * 12 + 4
    for (tag, values) in entries.sorted(by: { $0.key < $1.key }) {
      body += short(tag) + short(3) + word(values.count)
      let packed = values.flatMap(short)
      if packed.count <= 4 {
        body += packed + [UInt8](repeating: 0, count: 4 - packed.count)
      } else {
        body += word(extraStart + extra.count)
        extra += packed
      }
    }
    return body + word(isLast ? 0 : extraStart + extra.count) + extra
  }

  private func short(_ value: Int) -> [UInt8] {
    bigEndian
      ? [UInt8(value >> 8 & 255), UInt8(value & 255)]
      : [UInt8(value & 255), UInt8(value >> 8 & 255)]
  }

  private func word(_ value: Int) -> [UInt8] {
    let bytes = [0, 8, 16, 24].map { UInt8(value >> $0 & 255) }
    return bigEndian ? bytes.reversed() : bytes
  }
}
