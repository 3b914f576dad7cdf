import FileAccess
import InfercamTestSupport
import Testing

@testable import Runs

struct TarFormatTests {
  @Test(arguments: [1, 99, 100, 101, 255, 1900])
  func `names of any length are read back`(length: Int) throws {
    let folder = try TemporaryFolder()
    let name = String(repeating: "ä", count: length / 2) + (length % 2 == 1 ? "x" : "")
    var bytes: [UInt8] = []
    let contents = [[UInt8](repeating: 7, count: 511), [], [UInt8](repeating: 8, count: 1024)]
    for (number, content) in contents.enumerated() {
      bytes += TarFormat.header("\(number)\(name)", size: content.count)
      bytes += content + TarFormat.padding(content.count)
    }
    let path = try folder.write(bytes + TarFormat.end, to: RawPath("a.tar"))
    let index = try #require(try TarIndex(path))
    #expect(index.isWhole && index.names == (0..<3).map { "\($0)\(name)" })
    for (number, content) in contents.enumerated() {
      let place = try #require(index.place(of: "\(number)\(name)"))
      #expect(try index.read(place) == content)
    }
    // Every prefix is read as far as it goes.
    for end in stride(from: 0, to: bytes.count + TarFormat.end.count, by: 97) {
      let cut = try folder.write(Array((bytes + TarFormat.end).prefix(end)), to: RawPath("cut.tar"))
      #expect(try TarIndex(cut)?.isWhole == false)
    }
  }

  @Test func `sizes beyond the old header are in the extended one`() throws {
    let size = 9 << 30
    let header = TarFormat.header("big", size: size)
    #expect(header.count == 3 * TarFormat.block)
    #expect(TarFormat.parse(Array(header[..<512])) == .records(size: 19))
    let records = try #require(TarFormat.records(Array(header[512..<531])))
    #expect(records.size == size && records.path == nil)
  }

  @Test func `paths that name no member are told`() {
    #expect(HeatmapLayout.member("heatmaps/00012.tar#a/b#c.png")?.archive == "heatmaps/00012.tar")
    #expect(HeatmapLayout.member("heatmaps/00012.tar#a/b#c.png")?.member == "a/b#c.png")
    for path in ["heatmaps/a.tar#b", "heatmaps/00012.tar", "00012.tar#a", "heatmaps/1.tar#a"] {
      #expect(HeatmapLayout.member(path) == nil)
    }
    for word in ["names", "hash", "tar", "tar:7"] { #expect(HeatmapLayout(word)?.text == word) }
    for word in ["", "tar:", "tar:0", "tar:x", "TAR"] { #expect(HeatmapLayout(word) == nil) }
  }
}
