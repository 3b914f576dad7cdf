import Faults
import Images
import Testing

struct InputGeometryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let upright: PixelSize
    let side: Int
    let shortSide: Int
    let resized: PixelSize
    let crop: PixelRect

    var testDescription: String { "\(upright.width)x\(upright.height) to \(shortSide)/\(side)" }
  }

  static let cases = [
    Case(
      upright: PixelSize(width: 3024, height: 4032), side: 224, shortSide: 256,
      resized: PixelSize(width: 256, height: 341),
      crop: PixelRect(x: 16, y: 58, width: 224, height: 224)),
    Case(
      upright: PixelSize(width: 500, height: 333), side: 224, shortSide: 256,
      resized: PixelSize(width: 384, height: 256),
      crop: PixelRect(x: 80, y: 16, width: 224, height: 224)),
    Case(
      upright: PixelSize(width: 640, height: 427), side: 144, shortSide: 165,
      resized: PixelSize(width: 247, height: 165),
      crop: PixelRect(x: 52, y: 10, width: 144, height: 144)),
    Case(
      upright: PixelSize(width: 1, height: 5000), side: 224, shortSide: 256,
      resized: PixelSize(width: 256, height: 1_280_000),
      crop: PixelRect(x: 16, y: 639_888, width: 224, height: 224)),
  ]

  @Test(arguments: cases)
  func `sizes are truncated and crop offsets rounded half to even`(_ item: Case) throws {
    let geometry = try InputGeometry(
      upright: item.upright, input: PixelSize(width: item.side, height: item.side),
      resize: .shortSide(item.shortSide), crop: .center)
    #expect(geometry.resized == item.resized)
    #expect(geometry.crop == item.crop)
  }

  @Test func `the grid maps to the upright photo as the contract's example says`() throws {
    let geometry = try InputGeometry(
      upright: PixelSize(width: 3024, height: 4032), input: PixelSize(width: 224, height: 224),
      resize: .shortSide(256), crop: .center)
    let map = geometry.gridToUpright(width: 7, height: 7).map { ($0 * 10).rounded() / 10 }
    #expect(map == [378.0, 0, 0, 378.4, 189.0, 685.8])
    #expect(geometry.seenBox == [189, 686, 2835, 3334])
  }

  @Test func `an image smaller than the crop is padded in the middle with black`() throws {
    let geometry = try InputGeometry(
      upright: PixelSize(width: 4, height: 2), input: PixelSize(width: 5, height: 5),
      resize: .shortSide(2), crop: .center)
    #expect(geometry.paddingTop == 1)
    #expect(geometry.paddingLeft == 0)
    #expect(geometry.crop == PixelRect(x: 0, y: 0, width: 4, height: 2))
    let white = try PixelBuffer(
      [UInt8](repeating: 255, count: 8), width: 4, height: 2, channels: 1)
    let view = try white.modelView(geometry)
    let full: [UInt8] = [255, 255, 255, 255, 0]
    let none = [UInt8](repeating: 0, count: 5)
    #expect(view.bytes == none + full + full + none + none)
    #expect(geometry.seenBox == [0, 0, 4, 2])
  }

  @Test func `stretching sees the whole image`() throws {
    let geometry = try InputGeometry(
      upright: PixelSize(width: 640, height: 480), input: PixelSize(width: 32, height: 32),
      resize: .stretch, crop: .none)
    #expect(geometry.seenBox == [0, 0, 640, 480])
    #expect(geometry.gridToUpright(width: 8, height: 4) == [80, 0, 0, 120, 0, 0])
  }

  @Test func `a scaled image of another size than the input is refused`() {
    #expect {
      try InputGeometry(
        upright: PixelSize(width: 640, height: 480), input: PixelSize(width: 32, height: 32),
        resize: .shortSide(32), crop: .none)
    } throws: { ($0 as? Fault)?.code == .modelInvalid }
  }
}
