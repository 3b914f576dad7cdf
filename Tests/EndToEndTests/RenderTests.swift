import FileAccess
import InfercamTestSupport
import JSON
import Testing

/// Maps of finished runs that are drawn anew.
struct RenderTests {
  let program: Program

  init() throws {
    program = try Program()
    for name in ["metal-crack-01.jpg", "granite-stain-01.tif", "fabric-clean-01.png"] {
      try program.copySample(name, to: RawPath("in/\(name)"))
    }
  }

  private func run(_ output: String, _ words: [String]) throws {
    let ending = try program.run(["run", "in", "-o", output] + words)
    #expect(ending.status == 0, "\(ending.errors)")
  }

  private func render(_ run: String, _ output: String, _ words: [String] = []) throws
    -> Program.Ending
  {
    try program.run(["render", run, "-o", output, "--json"] + words)
  }

  /// The files of a folder below it that end so.
  private func files(_ folder: String, _ endings: [String]) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    func add(_ path: String) throws {
      for name in try namesInDirectory(program.folder.path.appending("\(folder)/\(path)")) {
        let inner = path.isEmpty ? name.display : "\(path)/\(name.display)"
        let stamp = try FileStamp(of: program.folder.path.appending("\(folder)/\(inner)"))
        if stamp?.kind == .directory {
          try add(inner)
        } else if endings.contains(where: { inner.hasSuffix($0) }), !inner.hasSuffix(".raw.npy") {
          files[inner] = try program.folder.read("\(folder)/\(inner)")
        }
      }
    }
    try add("")
    return files
  }

  @Test(arguments: [
    [], ["--colormap", "viridis"], ["--overlay", "--alpha", "0.6"], ["--normalize", "signed"],
    ["--resolution", "model", "--overlay"], ["--resolution", "cam"], ["--resolution", "90x70"],
    ["--heatmap", "png,npy", "--normalize", "minmax"],
  ])
  func `what is drawn otherwise is what a run draws so`(words: [String]) throws {
    try run("plain", ["--heatmap", "png"])
    try run("other", ["--heatmap", "png"] + words)
    let ending = try render("plain", "drawn", words)
    #expect(ending.status == 0, "\(ending.errors)")
    let report = try #require(try ending.lines().first)
    #expect(report["rendered"] == 3 && report["skipped"] == 0)
    let drawn = try files("drawn", [".png", ".npy"])
    #expect(drawn.count >= 3)
    #expect(drawn == (try files("other/heatmaps", [".png", ".npy"])))
    let lines = try program.folder.read("drawn/heatmaps.jsonl").split(separator: 0x0A)
    #expect(lines.count == drawn.count && report["files"]?.int == drawn.count)
  }

  @Test func `several classes, shrunk inputs, arrays and archives are drawn`() throws {
    let words = ["--target", "topk", "--top-k", "2", "--resize-longest-side", "200", "--overlay"]
    try run("names", words + ["--colormap", "magma"])
    try run("tar", words + ["--layout", "tar"])
    let ending = try render("tar", "drawn", ["--colormap", "magma"])
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try files("drawn", [".png"]) == files("names/heatmaps", [".png"]))
    #expect(try files("drawn", [".png"]).count == 6)
  }

  @Test func `one scale for all images divides by the largest value of the run`() throws {
    try run("plain", [])
    let ending = try render("plain", "drawn", ["--normalize", "run", "--heatmap", "npy"])
    #expect(ending.status == 0, "\(ending.errors)")
    // At the resolution of the layer each map keeps its share of the largest one.
    #expect(
      try render(
        "plain", "cells", ["--normalize", "run", "--heatmap", "npy", "--resolution", "cam"]
      ).status == 0)
    let results = try program.reproducibleResults("plain")
    let maxima = results.map { $0["result"]?["heatmap"]?["raw"]?["max"]?.double ?? 0 }
    let highest = try #require(maxima.max())
    for (result, maximum) in zip(results, maxima) {
      let name = try #require(result["id"]?.string)
      let bytes = try program.folder.read("cells/\(name).npy")
      let start = bytes.count - 4 * (try #require(cellCount(result)))
      let values = stride(from: start, to: bytes.count, by: 4).map { place in
        Float(
          bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
        )
      }
      let expected = max(0, maximum) / highest
      #expect((Double(values.max() ?? -1) - expected).magnitude < 1e-6)
    }
  }

  private func cellCount(_ result: JSONValue) -> Int? {
    result["result"]?["heatmap"]?["raw"]?["shape"]?.array?.compactMap(\.int).reduce(1, *)
  }

  @Test func `what cannot be drawn is told, and runs are never written to`() throws {
    try program.folder.write("no image", to: "in/text.png")
    #expect(try program.run(["run", "in", "-o", "out"]).status == 1)
    #expect(try render("out", "out/heatmaps").status == 2)
    #expect(try render("out", "out").status == 2)
    #expect(try render("nothing", "drawn").status == 3)
    #expect(try program.run(["render", "out"]).status == 2)
    #expect(try render("out", "drawn", ["--heatmap", "none"]).status == 2)
    // The failed input has no map.
    let drawn = try #require(try render("out", "drawn").lines().first)
    #expect(drawn["rendered"] == 3 && drawn["skipped"] == 1)
    // An image that has changed is not drawn over.
    try program.copySample("concrete-hole-01.jpg", to: RawPath("in/metal-crack-01.jpg"))
    #expect(try render("out", "plain").status == 0)
    let overlay = try render("out", "over", ["--overlay"])
    #expect(overlay.status == 1)
    let failed = try #require(try overlay.lines().first?["failed"]?.array)
    #expect(failed.map { $0["error"]?["code"] } == ["image.checksum_mismatch"])
    // A map that was damaged ends it.
    let raw = "out/heatmaps/in/fabric-clean-01.png.raw.npy"
    var bytes = try program.folder.read(raw)
    bytes[bytes.count - 1] ^= 1
    try program.folder.write(bytes, to: RawPath(raw))
    let damaged = try render("out", "last")
    #expect(damaged.status == 7 && damaged.errors.contains("fabric-clean-01"))
  }
}
