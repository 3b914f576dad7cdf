import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct InferTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  @Test func `each image gets one result in the order given`() throws {
    try program.makeInputs()
    try program.folder.write("not an image", to: "in/broken.jpg")
    let names = [
      "in/0-tile-clean-01.bmp", "in/broken.jpg", "in/0-metal-crack-01.jpg", "in/missing.png",
    ]
    let ending = try program.run(["infer"] + names + ["--top-k", "2"])
    #expect(ending.status == 1)
    let results = try ending.lines()
    #expect(results.map { $0["id"]?.string } == names)
    #expect(results.map { $0["seq"]?.int } == [0, 1, 2, 3])
    #expect(results.map { $0["status"]?.string } == ["succeeded", "failed", "succeeded", "failed"])
    #expect(results[0]["result"]?["classes"]?.array?.first?["label"] == "clean")
    #expect(results[2]["result"]?["classes"]?.array?.first?["label"] == "crack")
    #expect(results[0]["result"]?["classes"]?.array?.count == 2)
    #expect(results[3]["error"]?["code"] == "input.not_found")
    #expect(results[0]["source"]?["sha256"]?.string?.count == 64)
    #expect(results[1]["source"]?["sha256"]?.string?.count == 64)
  }

  @Test(arguments: [(["--batch", "1"]), (["--batch", "3", "-j", "1"]), (["-j", "4"])])
  func `results do not depend on how the work is cut`(flags: [String]) throws {
    try program.makeInputs(copies: 2)
    func classes(_ flags: [String]) throws -> [JSONValue?] {
      try program.run(["infer", "in"] + flags).lines().map { $0["result"] }
    }
    #expect(try classes(flags) == classes(["--batch", "8", "-j", "2"]))
  }

  @Test(arguments: ["gradcam", "scorecam"])
  func `each reported class is explained on its own`(method: String) throws {
    try program.makeInputs()
    let ending = try program.run([
      "infer", "in/0-metal-crack-01.jpg", "--top-k", "3", "--target", "topk", "--method", method,
      "-o", "maps",
    ])
    #expect(ending.status == 0)
    let result = try #require(try ending.lines().first?["result"])
    let classes = try #require(result["classes"]?.array).map { $0["id"] }
    let heatmaps = try #require(result["heatmaps"]?.array)
    #expect(classes.count == 3)
    #expect(heatmaps.map { $0["target"]?["id"] } == classes)
    #expect(result["heatmap"] == heatmaps.first)
    #expect(Set(heatmaps.compactMap { $0["raw"]?["sha256"]?.string }).count == 3)
    #expect(Set(heatmaps.compactMap { $0["path"]?.string }).count == 3)
    // The first of them is the map that top1 gives.
    let alone = try program.run([
      "infer", "in/0-metal-crack-01.jpg", "--method", method, "--heatmap", "npy",
    ])
    let single = try #require(try alone.lines().first?["result"])
    #expect(single["heatmaps"] == nil)
    #expect(single["heatmap"]?["raw"]?["sha256"] == heatmaps[0]["raw"]?["sha256"])
  }

  @Test func `classes of several targets have files of their own`() throws {
    try program.makeInputs()
    let ending = try program.run([
      "infer", "in/0-metal-crack-01.jpg", "--target", "top1", "--target", "index:3,1", "--heatmap",
      "png", "--normalize", "signed", "--box", "0.4", "--faithfulness", "--faithfulness-steps",
      "8", "-o", "maps",
    ])
    #expect(ending.status == 0)
    let heatmaps = try #require(try ending.lines().first?["result"]?["heatmaps"]?.array)
    #expect(heatmaps.map { $0["target"]?["kind"] } == ["top1", "index", "index"])
    #expect(heatmaps.map { $0["target"]?["index"] } == [1, 3, 1])
    #expect(heatmaps[0]["path"] == "maps/in/0-metal-crack-01.jpg.crack.png")
    #expect(heatmaps[0]["path"] == heatmaps[2]["path"])
    #expect(heatmaps[0]["path"] != heatmaps[1]["path"])
    #expect(heatmaps[0]["faithfulness"]?["steps"] == 8)
    #expect(heatmaps[0]["box"]?["pixels"]?.array?.count == 4)
    #expect(program.folder.exists("maps/in/0-metal-crack-01.jpg.stain.png"))
  }

  @Test func `the same image twice is classified twice`() throws {
    try program.makeInputs()
    let ending = try program.run(["infer", "in/0-tile-clean-01.bmp", "in/0-tile-clean-01.bmp"])
    #expect(ending.status == 0)
    #expect(try ending.lines().count == 2)
  }

  @Test func `a stream of paths and objects is read from stdin`() throws {
    try program.makeInputs()
    let lines = """
      in/0-tile-clean-01.bmp
      {"id":"two","image":{"path":"in/0-metal-crack-01.jpg"},"label":"crack"}

      {"id":3}
      in/missing.jpg
      """
    let input = try program.folder.write(lines, to: "stream.txt")
    let ending = try program.run(["infer", "-", "--json"], input: input.display)
    #expect(ending.status == 1)
    let results = try ending.lines()
    #expect(results.map { $0["status"]?.string } == ["succeeded", "succeeded", "failed", "failed"])
    #expect(results[1]["id"] == "two")
    #expect(results[1]["label"] == "crack")
    #expect(results[2]["error"]?["details"]?["violations"]?.array?.count == 2)
  }

  @Test func `a result of a stream comes before the stream ends, and SIGINT ends it`() throws {
    try program.makeInputs()
    let pipe = program.folder.path.appending("pipe").display
    #expect(mkfifo(pipe, 0o600) == 0)
    // Opened for both directions, the pipe has a writer as long as the test wants.
    let writer = open(pipe, O_RDWR | O_CLOEXEC)
    defer { close(writer) }
    let running = try program.start(["infer", "-"], input: pipe)
    let line = Array("in/0-tile-clean-01.bmp\n".utf8)
    #expect(write(writer, line, line.count) == line.count)
    running.waitUntil {
      ((try? FileStamp(of: RawPath(running.output))) ?? nil).map { $0.size > 0 } ?? false
    }
    running.send(SIGINT)
    let ending = try running.wait()
    #expect(ending.status == 130)
    #expect(try ending.lines().count == 1)
  }

  @Test func `heatmaps are in the result or in a folder`() throws {
    try program.makeInputs()
    let inline = try program.run(["infer", "in/0-tile-clean-01.bmp", "--heatmap", "png"])
    #expect(inline.status == 0)
    #expect(inline.text.contains("iVBORw0KGgo"))
    let files = try program.run(["infer", "in", "-o", "maps"])
    #expect(files.status == 0)
    #expect(program.folder.exists("maps/in/0-tile-clean-01.bmp.png"))
    #expect(program.folder.exists("maps/in/0-tile-clean-01.bmp.raw.npy"))
  }

  @Test func `a reader that goes away ends the printing and not the work`() throws {
    try program.makeInputs()
    func pipe(_ name: String) -> String {
      let path = program.folder.path.appending(name).display
      #expect(mkfifo(path, 0o600) == 0)
      return path
    }
    let (input, output) = (pipe("input"), pipe("output"))
    let reader = open(output, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    let writer = open(input, O_RDWR | O_CLOEXEC)
    let running = try program.start(["infer", "-", "-o", "maps"], input: input, output: output)
    let first = Array("in/0-tile-clean-01.bmp\n".utf8)
    #expect(write(writer, first, first.count) == first.count)
    var ready = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    running.waitUntil { poll(&ready, 1, 0) > 0 && ready.revents & Int16(POLLIN) != 0 }
    close(reader)
    let second = Array("in/0-metal-crack-01.jpg\n".utf8)
    #expect(write(writer, second, second.count) == second.count)
    close(writer)
    #expect(try running.wait().status == 0)
    #expect(program.folder.exists("maps/in/0-metal-crack-01.jpg.png"))
  }

  @Test func `a full disk behind stdout ends the program with a storage fault`() throws {
    try program.makeInputs()
    let ending = try program.run(["infer", "in"], output: "/dev/full")
    #expect(ending.status == 6)
  }
}
