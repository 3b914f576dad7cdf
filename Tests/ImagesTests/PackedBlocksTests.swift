import CImageCodecs
import InfercamTestSupport
import Testing

@testable import Images

/// Coefficients that are packed while nobody works on them.
struct PackedBlocksTests {
  /// Blocks from empty ones to dense ones.
  static func blocks(_ count: Int) -> [Int16] {
    (0..<count * 64).map { place in
      let (block, position) = (place / 64, place % 64)
      let noise = Int(PNGWriterTests.noise(place * 31))
      let share = [0, 0, 2, 20, 128, 256][block % 6]
      if position == 0, block % 6 == 1 { return -7 }
      return noise < share ? Int16(noise - 128) : 0
    }
  }

  @Test(arguments: [0, Int(CodecLevel.best)])
  func `unpacked blocks are the packed ones`(level: Int) {
    for count in [1, 2, 3, 64, 245] {
      let blocks = Self.blocks(count)
      let capacity = ic_blocks_capacity(count)
      var packed = [UInt64](repeating: .max, count: (capacity + 7) / 8)
      var result = [Int16](repeating: -1, count: blocks.count)
      let words = blocks.indices.count { $0 % 4 == 0 && blocks[$0..<$0 + 4].contains { $0 != 0 } }
      packed.withUnsafeMutableBytes { packed in
        guard let memory = packed.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        let length = ic_blocks_pack(blocks, count, memory, Int32(level))
        #expect(length == (2 * count + 7) / 8 * 8 + 8 * words)
        ic_blocks_unpack(memory, count, &result, Int32(level))
      }
      #expect(result == blocks)
    }
  }

  @Test func `every level packs the same bytes`() {
    let blocks = Self.blocks(100)
    let packed = [Int32(0), CodecLevel.best].map { level in
      [UInt8](unsafeUninitializedCapacity: ic_blocks_capacity(100)) { bytes, count in
        guard let base = bytes.baseAddress else { return }
        count = ic_blocks_pack(blocks, 100, base, level)
      }
    }
    #expect(packed[0] == packed[1])
  }

  @Test func `a large image in several scans has the library's pixels`() throws {
    // 21 MB of coefficients, half of whose rows are dense.
    let jpeg = SampleJPEG(
      width: 1888, height: 1861, sampling: (1, 1), progressive: true, repeatsFrom: 1)
    let bytes = jpeg.bytes
    let image = try decode(bytes)
    #expect(Array(image.pixels.bytes) == SampleJPEG.reference(bytes))
    // Without its last scans the library smooths, for which it looks at five rows at once.
    let scan = try #require(
      bytes.indices.dropLast().last { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
    let rough = bytes[..<scan] + [0xFF, 0xD9]
    #expect(try Array(decode(Array(rough)).pixels.bytes) == SampleJPEG.reference(Array(rough)))
  }

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
  func `large progressive photos have the library's pixels`() throws {
    let folder = try #require(SharedFolder.path) + "/photos/large"
    for name in ["cat_19MP_5360x3560.jpg", "zune_33MP_progressive.jpg"] {
      let bytes = fileBytes("\(folder)/\(name)")
      #expect(try Array(decode(bytes).pixels.bytes) == SampleJPEG.reference(bytes), "\(name)")
    }
  }
}
