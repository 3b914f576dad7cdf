import FileAccess
import InfercamTestSupport
import JSON
import Tensors
import Testing

struct LogitsTests {
  let program: Program
  private let words = [
    "run", "a.jpg", "missing.jpg", "b.png", "c.tif", "--heatmap", "none", "--fail-on", "never",
    "--save-logits", "-o",
  ]

  init() throws {
    program = try Program()
    try program.copySample("metal-crack-01.jpg", to: RawPath("a.jpg"))
    try program.copySample("fabric-clean-01.png", to: RawPath("b.png"))
    try program.copySample("leather-scratch-01.tif", to: RawPath("c.tif"))
  }

  private func logits(_ name: String) throws -> Tensor {
    let bytes = try program.folder.read("\(name)/logits.npy")
    return try bytes.withUnsafeBytes { try NPY.decode($0) }
  }

  @Test func `the logits are one array in the order of the inputs, however a run is split`() throws
  {
    #expect(try program.run(words + ["whole", "--batch", "3"]).status == 0)
    let whole = try logits("whole")
    #expect(whole.dtype == .float32 && whole.shape.rank == 2 && whole.shape[0] == 4)
    let values = whole.elements(of: Float.self)
    let count = whole.shape[1]
    #expect(values[count..<2 * count].allSatisfy { $0.isNaN })
    let results = try program.reproducibleResults("whole")
    for row in [0, 2, 3] {
      let scores = values[row * count..<(row + 1) * count]
      #expect(scores.allSatisfy { $0.isFinite })
      #expect(results[row]["result"]?["logits"]?["row"]?.int == row)
      let best = scores.firstIndex(of: try #require(scores.max())).map { $0 - row * count }
      #expect(results[row]["result"]?["classes"]?.array?.first?["index"]?.int == best)
    }
    for shard in ["1/2", "0/2"] {
      #expect(try program.run(words + ["parts", "--batch", "1", "--shard", shard]).status == 0)
    }
    let bytes = try program.folder.read("whole/logits.npy")
    #expect(try program.folder.read("parts/logits.npy") == bytes)
    #if DEBUG
    let killed = try program.run(
      words + ["killed", "-j", "1", "--durability", "item"],
      environment: ["INFERCAM_FAULT": "item:kill:c.tif"])
    #expect(killed.status == 128 + 9)
    #expect(try program.run(words + ["killed"]).status == 0)
    #expect(try program.folder.read("killed/logits.npy") == bytes)
    #endif
    #expect(try program.run(["runs", "verify", "whole"]).status == 0)
  }

  @Test func `a changed array is found and made anew`() throws {
    #expect(try program.run(words + ["out"]).status == 0)
    let bytes = try program.folder.read("out/logits.npy")
    try program.folder.write(bytes.dropLast() + [0x41], to: RawPath("out/logits.npy"))
    let ending = try program.run(["runs", "verify", "out"])
    #expect(ending.status == 7)
    #expect(ending.text.contains("logits.npy"))
    #expect(try program.run(["runs", "verify", "out", "--repair"]).status == 0)
    #expect(try program.folder.read("out/logits.npy") == bytes)
  }

  @Test func `a run without logits is another run`() throws {
    #expect(try program.run(words + ["out"]).status == 0)
    let ending = try program.run(words.filter { $0 != "--save-logits" } + ["out"])
    #expect(ending.status == 5)
    #expect(ending.errors.contains("logits"))
  }
}
