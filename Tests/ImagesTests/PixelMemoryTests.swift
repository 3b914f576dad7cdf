import Testing

@testable import Images

struct PixelMemoryTests {
  @Test(arguments: [0, 1, 3, 63, 64, 65, 150_528, 1 << 20])
  func `pixels start at a cache line and have zeros behind them`(
    byteCount: Int
  ) throws {
    let buffers = try (0..<4).map { _ in try #require(PixelMemory(byteCount: byteCount)) }
    for memory in buffers {
      #expect(UInt(bitPattern: memory.base) % 64 == 0)
      let behind = UnsafeRawBufferPointer(start: memory.base + byteCount, count: 64)
      #expect(behind.allSatisfy { $0 == 0 })
    }
  }

  @Test func `more pixels than there can be are refused`() {
    #expect(PixelMemory(byteCount: .max) == nil)
    #expect(PixelMemory(byteCount: .max - 64) == nil)
  }
}
