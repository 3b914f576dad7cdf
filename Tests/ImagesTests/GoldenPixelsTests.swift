import Images
import InfercamTestSupport
import Testing

/// Model inputs that Pillow made from photos, byte for byte.
struct GoldenPixelsTests {
  struct Model: Sendable, CustomTestStringConvertible {
    let name: String
    let shortSide: Int
    let side: Int

    var testDescription: String { name }
  }

  static let models = [
    Model(name: "mcunet_imagenet_144", shortSide: 165, side: 144),
    Model(name: "mobilenet_v1_0.25_imagenet_nchw", shortSide: 256, side: 224),
    Model(name: "mobilenetv2_torch", shortSide: 256, side: 224),
    Model(name: "squeezenet1.1", shortSide: 256, side: 224),
  ]

  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"), arguments: models)
  func `photos become the pixels that Pillow makes of them`(_ model: Model) throws {
    let shared = try #require(SharedFolder.path)
    let photos = Dictionary(
      files(below: shared + "/photos").map { (String($0.split(separator: "/").last ?? ""), $0) }
    ) { first, _ in first }
    let suffix = ".\(model.name).png"
    let goldens = files(below: shared + "/reference/photos/pixels").filter { $0.hasSuffix(suffix) }
    try #require(goldens.count >= 20)
    for golden in goldens {
      let name = String((golden.split(separator: "/").last ?? "").dropLast(suffix.count))
      let photo = try decode(fileBytes(#require(photos[name]))).pixels
      let geometry = try InputGeometry(
        upright: photo.size, input: PixelSize(width: model.side, height: model.side),
        resize: .shortSide(model.shortSide), crop: .center)
      let view = try photo.modelView(geometry)
      #expect(try view.bytes == decode(fileBytes(golden)).pixels.bytes, "\(name)")
    }
  }
}
