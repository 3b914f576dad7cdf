/// The part of a kernel's outputs that one of several threads computes.
///
/// Parts are rows, channels or columns; each number is computed as by one thread alone.
public struct Share: Hashable, Sendable {
  public let index: Int
  public let count: Int

  /// All of it.
  public static let whole = Share(index: 0, count: 1)

  public init(index: Int, count: Int) {
    precondition(index >= 0 && index < count)
    self.index = index
    self.count = count
  }

  /// This thread's range of `total` things, which begins at a multiple of `unit`.
  public func range(of total: Int, unit: Int = 1) -> Range<Int> {
    let units = (total + unit - 1) / unit
    let lower = units * index / count * unit
    let upper = units * (index + 1) / count * unit
    return min(lower, total)..<min(upper, total)
  }

  /// The largest part of `total` that a thread gets, of 1.
  func largest(of total: Int, unit: Int = 1) -> Double {
    let units = (total + unit - 1) / unit
    return Double((units + count - 1) / count) / Double(units)
  }
}

extension BlockedView {
  /// The share's rows of each plane; `nil` when there are none.
  func rows(of share: Share) -> BlockedView? {
    let rows = share.range(of: layout.height)
    return rows.isEmpty ? nil : self.rows(rows)
  }

  /// The share's blocks of channels; `nil` when there are none.
  func blocks(of share: Share) -> BlockedView? {
    let range = share.range(of: layout.channels, unit: ActivationLayout.block)
    return range.isEmpty ? nil : channels(from: range.lowerBound, count: range.count)
  }
}

extension RowsView {
  /// Some of the rows.
  func rows(_ range: Range<Int>) -> RowsView {
    RowsView(
      base: base + range.lowerBound * rowStride, rows: range.count, columns: columns,
      rowStride: rowStride)
  }

  /// Some of the columns of every row.
  func columns(_ range: Range<Int>) -> RowsView {
    RowsView(
      base: base + range.lowerBound, rows: rows, columns: range.count, rowStride: rowStride)
  }

  /// The share's rows; `nil` when there are none.
  func rows(of share: Share) -> RowsView? {
    let rows = share.range(of: rows)
    return rows.isEmpty ? nil : self.rows(rows)
  }
}
