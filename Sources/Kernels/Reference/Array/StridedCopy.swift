import Faults
import Tensors

/// Moves a box of elements from one strided layout to another; strides and offsets count elements.
///
/// A source stride of 0 repeats, a negative one reverses. Destinations must not overlap.
struct StridedCopy {
  private(set) var extents: [Int] = []
  private(set) var sourceStrides: [Int] = []
  private(set) var targetStrides: [Int] = []
  var sourceOffset: Int
  var targetOffset: Int

  /// Drops axes of extent 1 and joins neighbours that are contiguous in both layouts.
  init(
    extents: [Int], sourceStrides: [Int], targetStrides: [Int], sourceOffset: Int = 0,
    targetOffset: Int = 0
  ) {
    self.sourceOffset = sourceOffset
    self.targetOffset = targetOffset
    for axis in extents.indices where extents[axis] != 1 {
      let (extent, source, target) = (extents[axis], sourceStrides[axis], targetStrides[axis])
      if let last = self.extents.indices.last, self.sourceStrides[last] == source * extent,
        self.targetStrides[last] == target * extent
      {
        self.extents[last] *= extent
        self.sourceStrides[last] = source
        self.targetStrides[last] = target
      } else {
        self.extents.append(extent)
        self.sourceStrides.append(source)
        self.targetStrides.append(target)
      }
    }
  }

  /// Copies from `source` to `target`, which have elements of the same size.
  func run(from source: Tensor, to target: Tensor) throws(Fault) {
    guard !extents.contains(0) else { return }
    try dispatchBits(source.dtype, StridedCopyBody(copy: self, source: source, target: target))
  }
}

private struct StridedCopyBody: BitsBody {
  let copy: StridedCopy
  let source: Tensor
  let target: Tensor

  func run<T: BitwiseCopyable>(_ type: T.Type) {
    let from = source.pointer(as: T.self) + copy.sourceOffset
    let to = target.mutablePointer(as: T.self) + copy.targetOffset
    guard let last = copy.extents.indices.last else {
      to.pointee = from.pointee
      return
    }
    if copy.targetStrides[last] == 1, abs(copy.sourceStrides[last]) > 1,
      let other = copy.extents.indices.dropLast().last(where: { copy.sourceStrides[$0] == 1 })
    {
      transposeBlocks(from, to, other: other, last: last)
    } else {
      copyRows(from, to, last: last)
    }
  }

  private func copyRows<T: BitwiseCopyable>(
    _ from: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>, last: Int
  ) {
    let count = copy.extents[last]
    let (fromStride, toStride) = (copy.sourceStrides[last], copy.targetStrides[last])
    forEachOffset(
      Array(copy.extents[..<last]), Array(copy.sourceStrides[..<last]),
      Array(copy.targetStrides[..<last])
    ) { sourceOffset, targetOffset in
      let row = from + sourceOffset
      let result = to + targetOffset
      if fromStride == 1, toStride == 1 {
        result.update(from: row, count: count)
      } else if fromStride == 0, toStride == 1 {
        result.update(repeating: row.pointee, count: count)
      } else {
        for i in 0..<count { result[i * toStride] = row[i * fromStride] }
      }
    }
  }

  /// Copies where axis `other` is contiguous in the source and axis `last` in the target.
  private func transposeBlocks<T: BitwiseCopyable>(
    _ from: UnsafePointer<T>, _ to: UnsafeMutablePointer<T>, other: Int, last: Int
  ) {
    let block = 16
    let (rows, columns) = (copy.extents[other], copy.extents[last])
    let (fromStride, toStride) = (copy.sourceStrides[last], copy.targetStrides[other])
    let outer = copy.extents.indices.filter { $0 != other && $0 != last }
    forEachOffset(
      outer.map { copy.extents[$0] }, outer.map { copy.sourceStrides[$0] },
      outer.map { copy.targetStrides[$0] }
    ) { sourceOffset, targetOffset in
      let (plane, result) = (from + sourceOffset, to + targetOffset)
      for firstRow in stride(from: 0, to: rows, by: block) {
        let rowEnd = min(firstRow + block, rows)
        for firstColumn in stride(from: 0, to: columns, by: block) {
          let columnEnd = min(firstColumn + block, columns)
          for row in firstRow..<rowEnd {
            let line = result + row * toStride
            for column in firstColumn..<columnEnd {
              line[column] = plane[row + column * fromStride]
            }
          }
        }
      }
    }
  }
}

/// Calls `body` with both offsets of every index of `extents`, in row-major order.
@inline(__always)
func forEachOffset(
  _ extents: [Int], _ firstStrides: [Int], _ secondStrides: [Int], _ body: (Int, Int) -> Void
) {
  guard !extents.contains(0) else { return }
  var index = [Int](repeating: 0, count: extents.count)
  var (first, second) = (0, 0)
  while true {
    body(first, second)
    var axis = extents.count - 1
    while axis >= 0 {
      index[axis] += 1
      first += firstStrides[axis]
      second += secondStrides[axis]
      if index[axis] < extents[axis] { break }
      first -= extents[axis] * firstStrides[axis]
      second -= extents[axis] * secondStrides[axis]
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}
