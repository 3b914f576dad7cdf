import FileAccess
import InfercamTestSupport
import JSON
import Tensors
import Testing

/// Finished runs in other shapes.
struct ExportTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.makeInputs()
    try program.folder.write("broken", to: "in/broken.jpg")
    let names = try namesInDirectory(program.folder.path.appending("in")).compactMap(\.text)
    let lines = names.enumerated().map { number, name -> String in
      let id = number == 0 ? "=1+1,\"quoted\"\nline" : name
      let item: JSONValue = [
        "id": .string(id), "image": ["path": .string("in/\(name)")],
        "metadata": ["note": number == 0 ? "@sum" : "plain", "count": JSONValue(-number)],
      ]
      return item.encodedText + "\n"
    }
    try program.folder.write(lines.joined(), to: "list.jsonl")
    #expect(try program.run(["run", "--manifest", "list.jsonl", "-o", "out"]).status == 1)
  }

  @Test func `a table has a row for each input, and computes nothing`() throws {
    let ending = try program.run(["export", "out", "--to", "csv"])
    #expect(ending.status == 0, "\(ending.errors)")
    let lines = ending.text.split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.count == 8 && lines.last == "")
    #expect(lines[0].hasPrefix("seq,id,status,source,sha256,width,height,class1_id,"))
    #expect(lines[0].hasSuffix(",error_code,error_message,metadata.count,metadata.note"))
    #expect(lines[1].hasPrefix("0,\"'=1+1,\"\"quoted\"\"\nline\",succeeded,in/0-"))
    #expect(lines[1].hasSuffix(",0,'@sum") && lines[2].hasSuffix(",-1,plain"))
    #expect(lines.contains { $0.contains(",failed,in/broken.jpg,") && $0.contains("image.") })
    let plain = try program.run(["export", "out", "--to", "csv", "--no-csv-safe"])
    #expect(plain.text.contains("0,\"=1+1,") && plain.text.contains(",@sum\r\n"))
    let tabs = try program.run(["export", "out", "--to", "tsv", "-o", "out.tsv"])
    #expect(tabs.status == 0 && tabs.output.isEmpty)
    let file = String(decoding: try program.folder.read("out.tsv"), as: UTF8.self)
    #expect(file.hasPrefix("seq\tid\tstatus\t") && file.hasSuffix("\n"))
    // What is exported is a manifest again.
    try program.folder.write("id,path\n" + "a,in/0-tile-clean-01.bmp\n", to: "again.csv")
    #expect(try program.run(["validate", "--manifest", "again.csv"]).status == 0)
  }

  @Test func `a document holds the job and all results`() throws {
    let ending = try program.run(["export", "out", "--to", "json"])
    let value = try JSONValue(parsing: ending.output)
    #expect(try value["job"] == JSONValue(parsing: program.folder.read("out/summary.json")))
    let lines = try program.folder.read("out/results.jsonl").split(separator: 0x0A)
    #expect(try value["items"] == .array(lines.map { try JSONValue(parsing: Array($0)) }))
  }

  @Test func `arrays are read back`() throws {
    #expect(try program.run(["export", "out", "--to", "npz"]).status == 2)
    #expect(try program.run(["export", "out", "--to", "npz", "-o", "out.npz"]).status == 0)
    let arrays = try NPZ(program.folder.read("out.npz")).arrays
    #expect(
      Set(arrays.keys).isSuperset(of: ["succeeded", "class_index", "prob", "cam", "cam_seq"]))
    let results = try program.reproducibleResults("out")
    let best = results.map { $0["result"]?["classes"]?.array?.first }
    let width = try #require(arrays["prob"]).shape.dimensions[1]
    let prob = try #require(arrays["prob"]).elements(of: Float.self)
    let index = try #require(arrays["class_index"]).elements(of: Int64.self)
    for (row, entry) in best.enumerated() {
      if let entry {
        #expect(Double(prob[row * width]) == entry["prob"]?.double.map { Double(Float($0)) })
        #expect(Int(index[row * width]) == entry["index"]?.int)
      } else {
        #expect(prob[row * width].isNaN && index[row * width] == -1)
      }
    }
    let maps = try #require(arrays["cam"])
    #expect(maps.shape.dimensions[0] == 5)
    let first = try #require(results.first?["result"]?["heatmap"]?["raw"]?["path"]?.string)
    let map = try program.folder.read("out/\(first)").withUnsafeBytes { try NPY.decode($0) }
    #expect(
      Array(maps.elements(of: Float.self).prefix(map.elementCount)) == map.elements(of: Float.self))
  }

  @Test(arguments: ["html", "junit"])
  func `documents escape what inputs say, and are the same each time`(format: String) throws {
    #expect(try program.run(["export", "out", "--to", format, "-o", "a.\(format)"]).status == 0)
    #expect(try program.run(["export", "out", "--to", format, "-o", "b.\(format)"]).status == 0)
    let text = String(decoding: try program.folder.read("a.\(format)"), as: UTF8.self)
    #expect(try program.folder.read("b.\(format)") == Array(text.utf8))
    #expect(text.contains("=1+1,&quot;quoted&quot;") && !text.contains("\"quoted\""))
    if format == "junit" {
      #expect(text.contains(#"tests="6" failures="1""#) && text.contains("<failure type=\"image."))
    } else {
      #expect(text.components(of: "data:image/png;base64,") == 5 && !text.contains("<script"))
    }
  }

  @Test func `what cannot be exported is refused`() throws {
    #expect(try program.run(["export", "out"]).status == 2)
    #expect(try program.run(["export", "out", "--to", "xml"]).status == 2)
    #expect(try program.run(["export", "none", "--to", "csv"]).status == 3)
    #expect(try program.run(["run", "in", "-o", "part", "--shard", "0/2"]).status != 3)
    let open = try program.run(["export", "part", "--to", "csv", "-o", "part.csv"])
    #expect(open.status == 3 && open.errors.contains("job.not_found"))
    #expect(!program.folder.exists("part.csv"))
  }
}

extension String {
  /// How often a text occurs.
  fileprivate func components(of text: String) -> Int { ranges(of: text).count }
}
