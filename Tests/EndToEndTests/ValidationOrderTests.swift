import FileAccess
import Images
import InfercamTestSupport
import JSON
import Tensors
import Testing

/// The order of the contract: parameters, size, type, header, decoding; a layer's mistakes together.
struct ValidationOrderTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.folder.write("GIF89a" + String(repeating: "x", count: 2000), to: "large.jpg")
    try program.folder.write("GIF89a" + String(repeating: "x", count: 200), to: "moving.gif")
    try program.folder.write("no image", to: "text.png")
    try program.copySample("fabric-clean-01.png", to: RawPath("sound.png"))
    try program.copySample("fabric-clean-01.png", to: RawPath("sound.jpg"))
    let sound = try program.folder.read("sound.png")
    try program.folder.write(Array(sound.prefix(sound.count / 2)), to: RawPath("cut.png"))
  }

  /// A file that is wrong in more than one way, and what it is rejected for.
  @Test(
    arguments: [
      ("large.jpg", ["--max-bytes", "1000"], "upload.too_large"),
      ("large.jpg", [], "image.invalid_format"), ("moving.gif", [], "image.animated_not_supported"),
      ("text.png", ["--max-side", "10"], "image.invalid_format"),
      ("sound.jpg", ["--max-side", "10"], "image.invalid_format"),
      ("cut.png", ["--max-side", "10"], "image.too_large"),
      ("cut.png", [], "image.decoding_failed"),
      ("cut.png", ["--max-bytes", "10", "--max-side", "10"], "upload.too_large"),
    ] as [(String, [String], String)])
  func `the first layer that refuses says why`(
    file: String, flags: [String], code: String
  ) throws {
    let ending = try program.run(["validate", file] + flags)
    #expect(ending.status == 1)
    #expect(try ending.lines().first?["error"]?["code"]?.string == code)
  }

  @Test func `all that a header breaks is told together`() throws {
    let ending = try program.run(
      ["validate", "sound.png", "--max-side", "200", "--max-pixels", "1000"])
    let error = try #require(try ending.lines().first?["error"])
    #expect(error["details"]?["limit"] == 200)
    let violations = error["details"]?["violations"]?.array ?? []
    #expect(violations.compactMap { $0["limit"]?.int } == [200, 1000])
    #expect(violations.allSatisfy { $0["code"] == "image.too_large" })
  }

  @Test func `parameters are checked before anything is read`() throws {
    let ending = try program.run(["validate", "missing.png", "--max-side", "0", "--page", "99"])
    #expect(ending.status == 2)
    #expect(ending.output.isEmpty)
    #expect(ending.errors.contains("--page must be 0 to 15"))
  }

  @Test func `a sound input tells what it decodes to`() throws {
    try program.copySample("leather-scratch-01.tif", to: RawPath("a.tif"))
    try program.copySample("tile-clean-01.bmp", to: RawPath("b.bmp"))
    try program.copySample("metal-crack-01.jpg", to: RawPath("c.jpg"))
    let ending = try program.run(["validate", "a.tif", "b.bmp", "c.jpg", "sound.png", "cut.png"])
    let sources = try ending.lines().compactMap { $0["source"] }
    #expect(sources.count == 5)
    for source in sources.prefix(4) {
      for name in ["width", "height", "orientation", "channels", "bit_depth", "pages", "bytes"] {
        #expect((source[name]?.int ?? 0) >= 1, "\(name) of \(source.encodedText)")
      }
      #expect(source["sha256"]?.string?.count == 64)
    }
    #expect(sources.prefix(4).map { $0["format"] } == ["tiff", "bmp", "jpeg", "png"])
    #expect(sources.prefix(4).map { $0["channels"] } == [3, 3, 3, 4])
    #expect(sources.prefix(4).allSatisfy { $0["bit_depth"] == 8 && $0["pages"] == 1 })
    // What is wrong is counted by code on stderr.
    #expect(ending.errors.contains("4 accepted, 1 rejected of 5"))
    #expect(ending.errors.contains("1 image.decoding_failed"))
    let quiet = try program.run(["validate", "cut.png", "--on-truncated", "pad", "-q"])
    #expect(quiet.status == 0)
    #expect(quiet.errors == "")
    #expect(try quiet.lines().first?["source"]?["partial"] == true)
  }
}
