import Faults
import JSON
import Runs
import Tensors

/// A NumPy archive with a row for each input: ids, outcomes, reported classes, and the signed maps
/// where all have one shape.
func exportArrays(
  _ run: FinishedRun, to write: ([UInt8]) throws(Fault) -> Void
) throws(Fault) {
  var columns = Columns()
  let files = HeatmapFiles(run.directory)
  try run.eachItem { (item) throws(Fault) in
    columns.classCount = max(columns.classCount, item.classes.count)
    var map: [UInt8]?
    if let path = item.rawMap { map = try files.read(path) }
    try columns.add(item, map: map)
  }
  var zip = ZipWriter()
  for (name, contents) in columns.arrays {
    try write(try zip.entry(name + ".npy", contents))
  }
  if let logits = try run.directory.logitsFile() {
    try write(try zip.entry("logits.npy", logits))
  }
  try write(zip.end())
}

/// What becomes arrays.
private struct Columns {
  var classCount = 0
  private var ids: [[UInt8]] = []
  private var succeeded: [UInt8] = []
  private var classes: [[(index: Int64, probability: Float)]] = []
  private var maps: [Float] = []
  private var mapItems: [Int64] = []
  private var mapShape: [Int]?
  private var mapsDiffer = false

  mutating func add(_ item: ReportItem, map: [UInt8]?) throws(Fault) {
    ids.append(Array(item.id.utf8))
    succeeded.append(item.hasSucceeded ? 1 : 0)
    classes.append(
      item.classes.map { entry in
        (Int64(entry["index"]?.int ?? -1), Float(entry["prob"]?.double ?? .nan))
      })
    guard let map, !mapsDiffer else { return }
    let tensor = try map.withUnsafeBufferPointer { (buffer) throws(Fault) in
      try NPY.decode(UnsafeRawBufferPointer(buffer))
    }
    let shape = tensor.shape.dimensions
    if let mapShape, mapShape != shape {
      mapsDiffer = true
      maps = []
      return
    }
    mapShape = shape
    maps += tensor.elements(of: Float.self)
    mapItems.append(Int64(item.sequence))
  }

  /// The arrays by name, as files.
  var arrays: [(name: String, contents: [UInt8])] {
    let width = max(1, ids.map(\.count).max() ?? 1)
    let text = ids.flatMap { $0 + [UInt8](repeating: 0, count: width - $0.count) }
    var indices: [Int64] = []
    var probabilities: [Float] = []
    for row in classes {
      for rank in 0..<classCount {
        indices.append(rank < row.count ? row[rank].index : -1)
        probabilities.append(rank < row.count ? row[rank].probability : .nan)
      }
    }
    let count = ids.count
    var arrays = [
      ("id", byteStringHeader(width: width, count: count) + text),
      ("succeeded", NPY.header(.bool, [count]) + succeeded),
      ("class_index", NPY.header(.int64, [count, classCount]) + bytes(indices)),
      ("prob", NPY.header(.float32, [count, classCount]) + bytes(probabilities)),
    ]
    if let mapShape, !mapsDiffer {
      let shape = Shape([mapItems.count] + mapShape)
      arrays.append(("cam", NPY.header(.float32, shape) + bytes(maps)))
      arrays.append(("cam_seq", NPY.header(.int64, [mapItems.count]) + bytes(mapItems)))
    }
    return arrays
  }

  private func bytes<Element>(_ values: [Element]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }
}

/// What stands before an array of UTF-8 texts of one width, NumPy's type `S`.
private func byteStringHeader(width: Int, count: Int) -> [UInt8] {
  let text = "{'descr': '|S\(width)', 'fortran_order': False, 'shape': (\(count),), }"
  let size = (10 + text.utf8.count + 1 + 63) / 64 * 64 - 10
  let padding = String(repeating: " ", count: size - text.utf8.count - 1)
  return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(size & 255), UInt8(size >> 8)]
    + Array((text + padding + "\n").utf8)
}
