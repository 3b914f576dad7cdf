/// A window geometry padded to three axes, with the iteration all window kernels share.
struct WindowPlan {
  let depth: WindowAxis
  let height: WindowAxis
  let width: WindowAxis

  init(_ geometry: WindowGeometry) {
    let axes =
      [WindowAxis](repeating: .unit, count: 3 - geometry.axes.count) + geometry.axes
    depth = axes[0]
    height = axes[1]
    width = axes[2]
  }

  var inputCount: Int { depth.input * height.input * width.input }
  var outputCount: Int { depth.output * height.output * width.output }
  var tapCount: Int { depth.kernel * height.kernel * width.kernel }
  /// The distance in the input between neighbours of a run.
  var step: Int { width.stride }

  var hasPads: Bool {
    [depth, height, width].contains {
      ($0.output - 1) * $0.stride + $0.reach - $0.padBegin > $0.input || $0.padBegin > 0
    }
  }

  /// Calls `body` for every run of neighbouring outputs that kernel element `tap` (row-major)
  /// finds inside the input: the first output, the input under it, the length of the run.
  ///
  /// - Parameter positions: the outputs to visit, counted row-major.
  @inline(__always)
  func forEachRun(
    tap: Int, in positions: Range<Int>, _ body: (_ output: Int, _ input: Int, _ count: Int) -> Void
  ) {
    let kx = tap % width.kernel
    let ky = tap / width.kernel % height.kernel
    let kz = tap / width.kernel / height.kernel
    let columns = width.outputs(under: kx)
    let rows = height.outputs(under: ky)
    guard !columns.isEmpty, !positions.isEmpty else { return }
    let firstRow = positions.lowerBound / width.output
    let lastRow = (positions.upperBound - 1) / width.output
    for oz in depth.outputs(under: kz) {
      let iz = oz * depth.stride + kz * depth.dilation - depth.padBegin
      let plane = oz * height.output
      let lower = max(rows.lowerBound, firstRow - plane)
      let upper = min(rows.upperBound, lastRow - plane + 1)
      guard lower < upper else { continue }
      for oy in lower..<upper {
        let iy = oy * height.stride + ky * height.dilation - height.padBegin
        let row = (plane + oy) * width.output
        let first = max(columns.lowerBound, positions.lowerBound - row)
        let end = min(columns.upperBound, positions.upperBound - row)
        guard first < end else { continue }
        let ix = first * width.stride + kx * width.dilation - width.padBegin
        body(row + first, (iz * height.input + iy) * width.input + ix, end - first)
      }
    }
  }
}
