import FileAccess
import InfercamTestSupport
import Testing
import Workers

@testable import Runs

/// The order in which the last items of a list are handed out.
struct LargestFirstSourceTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Items whose weights are those given, in mebibytes.
  private func source(
    _ weights: [Int], window: Int, pending: @escaping @Sendable (Int) -> Bool = { _ in true },
    asked: Monitor<[Int]> = Monitor([])
  ) throws -> LargestFirstSource {
    for place in weights.indices { try folder.write("", to: "\(100 + place).jpg") }
    var selection = InputSelection()
    selection.paths = [folder.path]
    let list = try collectInputs(selection).list
    let count = weights.indices.count(where: pending)
    return LargestFirstSource(ListSource(list, count: count, isPending: pending), window: window) {
      item in
      asked.withLock { $0.append(item.sequence) }
      return weights[item.sequence] << 20
    }
  }

  private func drain(_ source: LargestFirstSource) -> [Int] {
    var order: [Int] = []
    while case .element(let item) = source.next(wait: true) { order.append(item.sequence) }
    return order
  }

  @Test func `large items of the last ones come first, the others in their order`() throws {
    let asked = Monitor<[Int]>([])
    let source = try source([900, 1, 40, 2, 300, 0, 40, 31], window: 6, asked: asked)
    #expect(drain(source) == [0, 1, 4, 2, 6, 3, 5, 7])
    #expect(asked.withLock { $0 } == [2, 3, 4, 5, 6, 7])
  }

  @Test func `only pending items count, and what is left is known`() throws {
    let source = try source([50, 1, 99, 70, 3], window: 16) { $0 != 2 }
    #expect(source.remaining == 4)
    guard case .element(let first) = source.next(wait: true) else {
      Issue.record("there is no first item")
      return
    }
    #expect(first.sequence == 3 && source.remaining == 3)
    #expect(drain(source) == [0, 1, 4])
    #expect(source.remaining == 0)
  }

  @Test func `a source of unknown length is passed on`() {
    let stream = StreamSource(capacity: 4)
    for place in 0..<3 {
      _ = stream.push(InputItem(sequence: place, id: "\(place)", path: RawPath("\(place)")))
    }
    stream.stop()
    let source = LargestFirstSource(stream, window: 16) { _ in Int.max }
    #expect(drain(source) == [0, 1, 2])
  }

  @Test func `nothing comes from a source that was stopped`() throws {
    let source = try source([50, 60, 70], window: 16)
    _ = source.next(wait: true)
    source.stop()
    #expect(drain(source).isEmpty)
  }

  @Test func `weights are those of headers, of what cannot be read the size, of small files none`()
    throws
  {
    let reader = InputReader(InputAccess(), limit: 1 << 30)
    func weight(_ name: String, _ bytes: [UInt8]) throws -> Int {
      try folder.write(bytes, to: RawPath(name))
      return reader.weight(
        of: InputItem(sequence: 0, id: name, path: folder.path.appending(name)))
    }
    // 4000 x 3000 pixels of 24 bits.
    var bitmap: [UInt8] = Array("BM".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0]
    bitmap += [0xA0, 0x0F, 0, 0, 0xB8, 0x0B, 0, 0, 1, 0, 24, 0] + [UInt8](repeating: 0, count: 24)
    let rest = [UInt8](repeating: 0, count: 300_000)
    #expect(try weight("large.bmp", bitmap + rest) >= 36_000_000)
    #expect(try weight("unknown.bin", rest) == 300_000)
    #expect(try weight("small.bmp", bitmap) == 0)
    let absent = InputItem(sequence: 0, id: "no", path: folder.path.appending("no.jpg"))
    #expect(reader.weight(of: absent) == 0)
  }
}
