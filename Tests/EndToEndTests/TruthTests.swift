import FileAccess
import InfercamTestSupport
import JSON
import Testing

struct TruthTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  private let manifest = """
    {"id":"a","image":{"path":"metal-crack-01.jpg"},"label":"crack"}
    {"id":"b","image":{"path":"fabric-clean-01.png"},"label":"0"}
    {"id":"c","image":{"path":"concrete-hole-01.jpg"},"label":"stain"}
    {"id":"d","image":{"path":"concrete-hole-01.jpg"},"label":"rust"}
    {"id":"e","image":{"path":"missing.jpg"},"label":"crack"}
    {"id":"f","image":{"path":"metal-crack-01.jpg"}}

    """

  @Test func `labels of a manifest become figures of the run, the same in any split`() throws {
    for name in ["metal-crack-01.jpg", "fabric-clean-01.png", "concrete-hole-01.jpg"] {
      try program.copySample(name, to: RawPath(name))
    }
    try program.folder.write(Array(manifest.utf8), to: RawPath("m.jsonl"))
    let words = ["run", "--manifest", "m.jsonl", "--heatmap", "none", "--fail-on", "never", "-o"]
    let whole = try program.run(words + ["whole"])
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(whole.errors.contains("accuracy 66.67 %"))
    for shard in ["0/2", "1/2"] {
      #expect(try program.run(words + ["parts", "--top-k", "5", "--shard", shard]).status == 0)
    }
    let truth = try #require(
      try program.run(["runs", "show", "whole", "--json"]).lines().first?["truth"])
    #expect(
      try program.run(["runs", "show", "parts", "--json"]).lines().first?["truth"] == truth)
    #expect(truth["labelled"]?.int == 5)
    #expect(truth["scored"]?.int == 3)
    #expect(truth["unknown"]?.int == 1)
    #expect(truth["failed"]?.int == 1)
    #expect(truth["top5_accuracy"]?.double == 1)
    #expect(truth["confusion"]?.array?.count == 3)
    let results = try program.reproducibleResults("whole")
    #expect(results[0]["result"]?["truth"]?["rank"]?.int == 1)
    #expect(results[1]["result"]?["truth"]?["match"]?.string == "index")
    #expect(results[2]["result"]?["truth"]?["predicted"]?["id"]?.string == "hole")
    #expect(results[3]["result"]?["truth"]?["match"]?.string == "unknown")
    #expect(results[5]["result"]?["truth"] == nil)
  }
}
