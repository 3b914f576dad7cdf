import Images
import Testing

struct HotRegionTests {
  /// Letters stand for 1, dots for 0.
  private func box(_ rows: [String]) -> PixelRect? {
    let values = rows.joined().map { Float($0 == "." ? 0 : 1) }
    return largestRegion(
      of: values, width: rows[0].count, height: rows.count, threshold: 0.5)
  }

  @Test(arguments: [
    (["....", ".##.", ".#..", "...."], PixelRect(x: 1, y: 1, width: 2, height: 2)),
    (["#...", ".#..", "..#.", "#..."], PixelRect(x: 0, y: 0, width: 3, height: 3)),
    (["##..", "....", ".###", "...."], PixelRect(x: 1, y: 2, width: 3, height: 1)),
    (["##..", "....", "..##", "...."], PixelRect(x: 0, y: 0, width: 2, height: 1)),
    (["####", "####"], PixelRect(x: 0, y: 0, width: 4, height: 2)),
  ])
  func `the largest region is boxed, corners connect, the first of equals counts`(
    rows: [String], expected: PixelRect
  ) {
    #expect(box(rows) == expected)
  }

  @Test func `no value at the threshold means no region`() {
    #expect(box(["...", "..."]) == nil)
    #expect(largestRegion(of: [.nan, 0.4], width: 2, height: 1, threshold: 0.5) == nil)
    #expect(
      largestRegion(of: [0.5, 0.4], width: 2, height: 1, threshold: 0.5)
        == PixelRect(x: 0, y: 0, width: 1, height: 1))
  }

  @Test(arguments: [
    // 640 x 480 is scaled to 298 x 224 and cropped from column 37 on.
    (PixelSize(width: 640, height: 480), [0, 0, 224, 224], [79, 0, 561, 480]),
    (PixelSize(width: 640, height: 480), [112, 56, 113, 57], [320, 120, 323, 123]),
    (PixelSize(width: 224, height: 224), [10, 20, 30, 40], [10, 20, 30, 40]),
  ])
  func `a box of the model's input covers the pixels it shows`(
    upright: PixelSize, box: [Int], expected: [Int]
  ) throws {
    let geometry = try InputGeometry(
      upright: upright, input: PixelSize(width: 224, height: 224), resize: .shortSide(224),
      crop: .center)
    let found = geometry.uprightBox(
      of: PixelRect(x: box[0], y: box[1], width: box[2] - box[0], height: box[3] - box[1]))
    #expect([found.x, found.y, found.x + found.width, found.y + found.height] == expected)
  }
}
