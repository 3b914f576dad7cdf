public import Faults
import FileAccess
import JSON
public import Transfers

/// Reads items from lines: a path, or an object as in a manifest.
///
/// A line that cannot be understood is an item that fails with the reason.
public struct StreamedItems: ~Copyable {
  private var reader: LineReader
  private var sequence = 0
  private let selection: InputSelection

  /// Reads from the standard input.
  ///
  /// - Parameter transfers: what URLs may reach; `nil` when none is read.
  public init(transfers: TransferPolicy? = nil) throws(Fault) {
    reader = try LineReader(RawPath("-"))
    var selection = InputSelection()
    selection.transfers = transfers
    self.selection = selection
  }

  /// The next item; `nil` at the end.
  public mutating func next() throws(Fault) -> InputItem? {
    while let line = try reader.next() {
      if line.isEmpty { continue }
      defer { sequence += 1 }
      let number = reader.line
      do throws(Fault) {
        guard line.first == UInt8(ascii: "{") else {
          let path = RawPath(bytes: line)
          if path.isURL { return InputItem(sequence: sequence, url: try selection.url(path)) }
          return InputItem(sequence: sequence, path: path)
        }
        let value = try JSONValue(parsing: line, firstLine: number)
        var collector = InputCollector(selection)
        collector.addManifestItem(value, path: [], base: RawPath("."), line: number) {
          JSONLocator(line, firstLine: number)
        }
        var item = try collector.onlyItem()
        item.sequence = sequence
        return item
      } catch {
        var item = InputItem(sequence: sequence, id: "line \(number)", path: RawPath("-"))
        item.fault = error
        return item
      }
    }
    return nil
  }
}

extension InputCollector {
  /// The item of a collector that was given one.
  fileprivate mutating func onlyItem() throws(Fault) -> InputItem {
    let list = try finish().list
    var cursor = InputList.Cursor(list)
    guard let item = cursor.next() else { throw Fault(.inputNotFound, "no input was found") }
    return item
  }
}
