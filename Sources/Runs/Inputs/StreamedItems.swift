public import Faults
import FileAccess
import JSON

/// Reads items from lines: a path, or an object as in a manifest.
///
/// A line that cannot be understood is an item that fails with the reason.
public struct StreamedItems: ~Copyable {
  private var reader: LineReader
  private var sequence = 0
  private let selection: InputSelection
  /// The rest of the items of one line.
  private var waiting: ArraySlice<InputItem> = []

  /// Reads from the standard input.
  ///
  /// - Parameter selection: how lines are understood; what it selects itself is left alone.
  public init(_ selection: InputSelection) throws(Fault) {
    var selection = selection
    selection.allowsDuplicates = true
    self.selection = selection
    reader = try LineReader(
      RawPath("-"), longLines: selection.longLines, code: .jsonMalformed)
  }

  /// The next item; `nil` at the end.
  public mutating func next() throws(Fault) -> InputItem? {
    while waiting.isEmpty {
      guard let line = try reader.next() else { return nil }
      if !line.isEmpty { waiting = items(of: line, number: reader.line)[...] }
    }
    var item = waiting.removeFirst()
    item.sequence = sequence
    sequence += 1
    return item
  }

  private func items(of line: [UInt8], number: Int) -> [InputItem] {
    do throws(Fault) {
      var collector = InputCollector(selection)
      if line.first == UInt8(ascii: "{") {
        collector.addLine(line, number: number, at: 0, base: RawPath("."))
      } else {
        collector.add(RawPath(bytes: line))
      }
      return Array(try collector.finish().list)
    } catch {
      var item = InputItem(sequence: sequence, id: "line \(number)", path: RawPath("-"))
      item.fault = error
      return [item]
    }
  }
}
