import Testing

@testable import Images

struct HeatmapTests {
  @Test func `a map at its own size has one level per cell`() throws {
    let grid = HeatGrid([0, 0.5, 1, .nan, -3, 7], width: 3, height: 2)
    let placement = HeatmapPlacement(filling: PixelSize(width: 3, height: 2))
    let png = try Heatmap.png(grid, placement, colormap: .gray)
    #expect(
      try decode(png).pixels.bytes == [0, 0, 0, 128, 128, 128, 255, 255, 255]
        + [0, 0, 0, 0, 0, 0, 255, 255, 255])
  }

  @Test func `heat is interpolated between cell centres`() throws {
    let grid = HeatGrid([0, 1], width: 2, height: 1)
    let placement = HeatmapPlacement(filling: PixelSize(width: 8, height: 1))
    let bytes = try decode(Heatmap.png(grid, placement, colormap: .gray)).pixels.bytes
    let levels = [0.0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1].map { Int($0 * 254 + 0.5) }
    #expect((0..<8).map { Int(bytes[$0 * 3]) } == levels.map { ($0 * 255 + 127) / 254 })
  }

  static let geometry = try? InputGeometry(
    upright: PixelSize(width: 8, height: 4), input: PixelSize(width: 2, height: 2),
    resize: .shortSide(2), crop: .center)

  @Test func `what the crop cut away is marked as not seen`() throws {
    let geometry = try #require(Self.geometry)
    let placement = HeatmapPlacement(overUpright: geometry)
    #expect(placement.seen == PixelRect(x: 2, y: 0, width: 4, height: 4))
    let grid = HeatGrid([1], width: 1, height: 1)
    let png = try Heatmap.png(grid, placement, colormap: .gray)
    let row = try decode(png).pixels.bytes[..<24]
    let seen = [UInt8](repeating: 255, count: 12)
    let notSeen = Heatmap.notSeenColor + Heatmap.notSeenColor
    #expect(Array(row) == notSeen + seen + notSeen)
  }

  @Test func `an overlay mixes colours in and dims the rest`() throws {
    let geometry = try #require(Self.geometry)
    let photo = try PixelBuffer(
      [UInt8](repeating: 100, count: 8 * 4 * 3), width: 8, height: 4, channels: 3)
    let png = try Heatmap.overlayPNG(
      HeatGrid([1], width: 1, height: 1), HeatmapPlacement(overUpright: geometry),
      colormap: .gray, alpha: 0.5, over: photo)
    let row = try decode(png).pixels.bytes[..<24]
    let dim = [UInt8](repeating: 50, count: 6)
    #expect(Array(row) == dim + [UInt8](repeating: 178, count: 12) + dim)
  }

  @Test func `an overlay without heat's share is the photo`() throws {
    let samples = (0..<30 * 20 * 3).map(PNGWriterTests.noise)
    let photo = try PixelBuffer(samples, width: 30, height: 20, channels: 3)
    let grid = HeatGrid([0, 1, 1, 0], width: 2, height: 2)
    let png = try Heatmap.overlayPNG(
      grid, HeatmapPlacement(filling: photo.size), colormap: .jet, alpha: 0, over: photo)
    #expect(try decode(png).pixels.bytes == samples)
  }

  @Test func `every instruction set draws the same bytes`() throws {
    let grid = HeatGrid((0..<35).map { Float(PNGWriterTests.noise($0)) / 255 }, width: 7, height: 5)
    for width in Array(1...70) + [129, 250] {
      let samples = (0..<width * 9 * 3).map(PNGWriterTests.noise)
      let photo = try PixelBuffer(samples, width: width, height: 9, channels: 3)
      let cropped = try InputGeometry(
        upright: photo.size, input: PixelSize(width: 4, height: 4), resize: .shortSide(4),
        crop: .center)
      for placement in [
        HeatmapPlacement(filling: photo.size), HeatmapPlacement(overUpright: cropped),
      ] {
        for (map, alpha) in [(Colormap.jet, 0.5), (.turbo, 1), (.viridis, 0), (.bwr, 0.37)] {
          let plain = try Heatmap.overlayPNG(
            grid, placement, colormap: map, alpha: alpha, over: photo, level: 0)
          let alone = try Heatmap.png(grid, placement, colormap: map, level: 0)
          for level in 1...max(CodecLevel.best, 1) where level <= CodecLevel.best {
            let mixed = try Heatmap.overlayPNG(
              grid, placement, colormap: map, alpha: alpha, over: photo, level: level)
            #expect(mixed == plain, "width \(width) level \(level)")
            let levels = try Heatmap.png(grid, placement, colormap: map, level: level)
            #expect(levels == alone, "width \(width) level \(level)")
          }
        }
      }
    }
  }

  /// Entries 0, 128 and 255 of the published tables.
  static let published: [(map: Colormap, entries: [[Int]], tolerance: Int)] = [
    (.jet, [[0, 0, 128], [130, 255, 126], [128, 0, 0]], 0),
    (.turbo, [[48, 18, 59], [164, 252, 60], [122, 4, 3]], 1),
    (.viridis, [[68, 1, 84], [33, 145, 140], [253, 231, 37]], 1),
    (.magma, [[0, 0, 4], [183, 55, 121], [252, 253, 191]], 1),
    (.inferno, [[0, 0, 4], [188, 55, 84], [252, 255, 164]], 1),
    (.gray, [[0, 0, 0], [128, 128, 128], [255, 255, 255]], 0),
  ]

  @Test func `colour maps run between the published colours`() {
    for (map, entries, tolerance) in Self.published {
      #expect(map.table.count == 768)
      for (index, entry) in zip([0, 128, 255], entries) {
        for channel in 0..<3 {
          let value = Int(map.table[index * 3 + channel])
          #expect(abs(value - entry[channel]) <= tolerance, "\(map) \(index) \(channel) \(value)")
        }
      }
    }
  }
}
