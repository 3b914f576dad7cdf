import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct URLTests {
  let program: Program
  static let open = ["--allow-net", "--allow-http", "--allow-private-net"]

  init() throws {
    program = try Program()
  }

  static let names = [
    "metal-crack-01.jpg", "fabric-clean-01.png", "leather-scratch-01.tif", "tile-clean-01.bmp",
    "concrete-hole-01.jpg",
  ]

  /// Serves the samples; `answer` may answer otherwise.
  func server(
    _ answer: @escaping @Sendable (String, Int) -> HTTPReceiver.Action? = { _, _ in nil }
  ) throws -> HTTPReceiver {
    var files: [String: [UInt8]] = [:]
    for name in Self.names {
      files["/" + name] = try readRegularFile(
        Program.samples.appending(name), limit: 1 << 30
      ).bytes
    }
    return try HTTPReceiver { [files] request, number in
      let path = String(request.target.prefix { $0 != "?" })
      if let action = answer(path, number) { return action }
      return files[path].map { .answer(200, body: $0) } ?? .answer(404)
    }
  }

  func manifest(_ server: HTTPReceiver, _ names: [String] = Self.names) throws {
    let lines = names.map {
      #"{"id":"\#($0)","image":{"url":"\#(server.origin)/\#($0)?token=canary"}}"#
    }
    try program.folder.write(lines.joined(separator: "\n"), to: "m.jsonl")
  }

  func words(_ server: HTTPReceiver) -> [String] {
    ["run", "--manifest", "m.jsonl", "-o", "out", "--allow-port", "\(server.port)"] + Self.open
  }

  @Test func `URLs give the results of files`() throws {
    let server = try server()
    try manifest(server, Self.names + ["missing.png"])
    // Proxies of the environment would see every URL.
    let proxy = "http://127.0.0.1:1"
    let ending = try program.run(
      words(server) + ["-v"],
      environment: ["http_proxy": proxy, "HTTPS_PROXY": proxy, "ALL_PROXY": proxy])
    #expect(ending.status == 1)
    for name in Self.names { try program.copySample(name, to: RawPath("files/\(name)")) }
    #expect(try program.run(["run", "files", "-o", "local"]).status == 0)
    var local: [String: JSONValue] = [:]
    for result in try program.reproducibleResults("local") {
      local[String((result["id"]?.string ?? "").dropFirst(6))] = result
    }
    for result in try program.reproducibleResults("out") {
      let id = try #require(result["id"]?.string)
      let source = try #require(result["source"])
      #expect(source["url"]?.string == "\(server.origin)/\(id)" && source["path"] == nil)
      guard id != "missing.png" else {
        #expect(result["error"]?["code"] == "upstream.failed")
        continue
      }
      #expect(source["sha256"] == local[id]?["source"]?["sha256"])
      #expect(result["result"]?["classes"] == local[id]?["result"]?["classes"])
    }
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
    // The token was sent to the server and went nowhere else.
    #expect(server.requests.allSatisfy { $0.target.hasSuffix("?token=canary") })
    #expect(!ending.errors.contains("canary") && !ending.text.contains("canary"))
    for name in ["run.json", "inputs.jsonl", "results.jsonl", "summary.json"] {
      let text = String(decoding: try program.folder.read("out/\(name)"), as: UTF8.self)
      #expect(!text.contains("canary"))
    }
  }

  @Test func `a run that was killed reads only what is missing`() throws {
    let server = try server { path, number in
      number < Self.names.count && path == "/" + Self.names[4] ? .stall() : nil
    }
    try manifest(server)
    let words = words(server) + ["--durability", "item", "-j", "1"]
    let running = try program.start(words)
    running.waitUntil {
      let journal = (try? program.folder.read("out/journal/0-of-1.jsonl")) ?? []
      let text = String(decoding: journal, as: UTF8.self)
      return text.split(separator: #""t":"done""#).count == Self.names.count
    }
    server.waitForRequests(5)
    running.send(SIGKILL)
    _ = try running.wait()
    let before = server.requests.count
    #expect(try program.run(words).status == 0)
    let asked = server.requests[before...].map { String($0.target.prefix { $0 != "?" }) }
    #expect(asked == ["/" + Self.names[4]])
    #expect(try program.run(words).lines().first?["replayed"] == true)
    #expect(server.requests.count == before + asked.count)
  }

  @Test func `infer and validate read URLs, in order`() throws {
    let server = try server()
    let urls = Self.names.map { "\(server.origin)/\($0)" }
    let flags = Self.open + ["--allow-port", "\(server.port)"]
    for verb in ["infer", "validate"] {
      let ending = try program.run([verb] + urls + flags)
      #expect(ending.status == 0)
      #expect(try ending.lines().map { $0["id"]?.string } == urls)
    }
    let stream = try program.folder.write(
      (urls + [#"{"id":"x","image":{"url":"\#(urls[0])"}}"#]).joined(separator: "\n"), to: "list")
    let streamed = try program.run(["infer", "-"] + flags, input: stream.display)
    #expect(try streamed.lines().map { $0["id"]?.string } == urls + ["x"])
    #expect(try streamed.lines().allSatisfy { $0["status"] == "succeeded" })
  }

  @Test func `two URLs that differ in their query are two inputs`() throws {
    let server = try HTTPReceiver { request, _ in
      .answer(request.target.hasSuffix("2") ? 404 : 503)
    }
    let ending = try program.run(
      ["infer", "\(server.origin)/x?1", "\(server.origin)/x?2", "--url-attempts", "1"] + Self.open
        + ["--allow-port", "\(server.port)"])
    let statuses = try ending.lines().map { $0["error"]?["details"]?["upstream_status"]?.int }
    #expect(statuses == [503, 404])
  }

  @Test func `URLs are read only on demand`() throws {
    let server = try server()
    let url = "\(server.origin)/\(Self.names[0])?token=canary"
    let denied = try program.run(["infer", url, "--json"])
    #expect(denied.status == 3)
    #expect(denied.errors.contains("--allow-net") && !denied.errors.contains("canary"))
    let stream = try program.folder.write(url + "\n", to: "list")
    let streamed = try program.run(["infer", "-"], input: stream.display)
    #expect(streamed.status == 1)
    #expect(try streamed.lines().first?["error"]?["code"] == "access.denied")
    #expect(!streamed.text.contains("canary"))
    #expect(server.requests.isEmpty)
  }
}
