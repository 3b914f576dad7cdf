import Faults
import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct EventTests {
  let program: Program
  static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  init() throws {
    program = try Program()
    try program.makeInputs()
    try program.folder.write(Self.secret + "\n", to: "secret")
  }

  func words(_ receiver: HTTPReceiver, wait: String = "0") -> [String] {
    [
      "run", "in", "-o", "out", "--heatmap", "none", "--callback-url",
      receiver.origin + "/hook?token=canary", "--callback-secret-file", "secret",
      "--callback-wait", wait, "--allow-http", "--allow-private-net",
    ]
  }

  @Test func `the end of a run is reported, and nothing secret is stored or shown`() throws {
    let receiver = try HTTPReceiver { _, _ in .answer(204) }
    let ending = try program.run(words(receiver) + ["-v"])
    #expect(ending.status == 0)
    let request = try #require(receiver.requests.first)
    #expect(receiver.requests.count == 1 && request.target == "/hook?token=canary")
    let event = try JSONValue(parsing: request.body)
    #expect(event["type"] == "job.completed")
    let summary = try JSONValue(parsing: try program.folder.read("out/summary.json"))
    #expect(event["data"] == summary && event["timestamp"] == summary["completed_at"])
    var shown = [ending.text, ending.errors]
    for name in ["run.json", "outbox.jsonl", "summary.json", "journal/0-of-1.jsonl", "LOCK"] {
      shown.append(String(decoding: try program.folder.read("out/\(name)"), as: UTF8.self))
    }
    for text in shown {
      #expect(!text.contains("canary") && !text.contains("MfKQ9r8GKYqrTwj"))
    }
    #expect(try program.run(words(receiver)).lines().first?["replayed"] == true)
    #expect(receiver.requests.count == 1)
  }

  @Test func `an event survives that the process is killed while it delivers`() throws {
    let receiver = try HTTPReceiver { _, number in number == 0 ? .stall() : .answer(200) }
    let running = try program.start(words(receiver))
    receiver.waitForRequests(1)
    running.send(SIGKILL)
    #expect(try running.wait().status == 128 + SIGKILL)
    #expect(program.folder.exists("out/_SUCCESS"))
    let again = try program.run(words(receiver))
    #expect(again.status == 0)
    #expect(try again.lines().first?["replayed"] == true)
    let requests = receiver.requests
    #expect(requests.count == 2)
    #expect(Set(requests.map { $0.headers["x-event-id"] }).count == 1)
    #expect(Set(requests.map(\.body)).count == 1)
    #expect(try program.run(words(receiver)).status == 0)
    #expect(receiver.requests.count == 2)
  }

  @Test func `an event of a run that was killed before its end counted is told once`() throws {
    let receiver = try HTTPReceiver { _, number in .answer(number == 0 ? 500 : 200) }
    #expect(try program.run(words(receiver)).status == 0)
    for name in ["summary.json", "_SUCCESS", "results.jsonl"] {
      try removeFile(program.folder.path.appending("out/\(name)"))
    }
    #expect(try program.run(words(receiver)).status == 0)
    #expect(receiver.requests.count == 2)
    #expect(Set(receiver.requests.map { $0.headers["x-event-id"] }).count == 1)
  }

  @Test func `of many shards the one that ends the run tells it`() throws {
    let receiver = try HTTPReceiver { _, _ in .answer(200) }
    for shard in 0..<3 {
      #expect(receiver.requests.isEmpty)
      #expect(try program.run(words(receiver) + ["--shard", "\(shard)/3"]).status == 0)
    }
    #expect(receiver.requests.count == 1)
    // As if the shards had known nobody to tell, and the last not the others.
    for name in ["outbox.jsonl", "summary.json", "_SUCCESS", "results.jsonl"] {
      try removeFile(program.folder.path.appending("out/\(name)"))
    }
    #expect(try program.run(["runs", "merge", "out"] + words(receiver).dropFirst(6)).status == 0)
    #expect(receiver.requests.count == 2)
    #expect(Set(receiver.requests.map { $0.headers["x-event-id"] }).count == 1)
  }

  @Test func `what is left is delivered by its own verb`() throws {
    let receiver = try HTTPReceiver { _, number in .answer(number < 2 ? 503 : 200) }
    let run = try program.run(words(receiver))
    #expect(run.status == 0)
    #expect(run.errors.contains("infercam runs deliver out"))
    let deliver = ["runs", "deliver", "out"] + words(receiver).dropFirst(6)
    let first = try program.run(deliver)
    #expect(first.status == 75)
    #expect(try first.lines().first?["pending"] == 1)
    let second = try program.run(deliver)
    #expect(second.status == 0)
    #expect(try second.lines().first?["delivered"] == 1)
    #expect(try program.run(deliver).lines().first?["delivered"] == 0)
    #expect(receiver.requests.count == 3)
  }

  @Test func `a receiver that fails changes neither results nor exit status`() throws {
    let receiver = try HTTPReceiver { _, _ in .reset }
    let ending = try program.run(words(receiver))
    #expect(ending.status == 0 && ending.errors.contains("warning"))
    #expect(!ending.errors.contains("canary"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test(arguments: [
    (["--callback-url", "https://example.org/"], 2, "--callback-secret-file"),
    (
      ["--callback-url", "http://example.org/", "--callback-secret-file", "secret"], 3, "allow-http"
    ),
    (["--callback-url", "https://u:canary@e.org/", "--callback-secret-file", "secret"], 3, "user"),
    (["--callback-url", "https://10.0.0.1/", "--callback-secret-file", "secret"], 3, "private"),
    (["--callback-url", "https://example.org/", "--callback-secret-file", "none"], 2, "none"),
    (["--callback-url", "nothing", "--callback-secret-file", "secret"], 2, "https://"),
  ])
  func `a callback that cannot work is refused before anything starts`(
    flags: [String], status: Int32, text: String
  ) throws {
    let ending = try program.run(["run", "in", "-o", "out"] + flags)
    #expect(ending.status == status)
    #expect(ending.errors.contains(text) && !ending.errors.contains("canary"))
    #expect(!program.folder.exists("out"))
  }

  @Test func `a command gets each committed result`() throws {
    let ending = try program.run([
      "run", "in", "-o", "out", "--heatmap", "none", "--durability", "item", "--on-item",
      "cat > items; exit 4", "--on-complete", "cat > job; exit 7",
    ])
    #expect(ending.status == 0)
    #expect(ending.errors.contains("--on-item: the command ended with status 4"))
    #expect(ending.errors.contains("--on-complete: the command ended with status 7"))
    let results = try program.folder.read("out/results.jsonl").split(separator: 0x0A)
    let items = try program.folder.read("items").split(separator: 0x0A)
    #expect(Set(items) == Set(results) && items.count == results.count)
    let job = try JSONValue(parsing: try program.folder.read("job").dropLast())
    #expect(job["status"] == "succeeded" && job["output"] == "out")
  }

  @Test func `a command that stops reading does not stop the run`() throws {
    let ending = try program.run([
      "run", "in", "-o", "out", "--heatmap", "none", "--durability", "item", "--on-item",
      "exec <&-; exit 0",
    ])
    #expect(ending.status == 0)
    #expect(try program.folder.read("out/results.jsonl").split(separator: 0x0A).count == 5)
  }

  @Test func `a command is not run again by a replay, but by who comes after a kill`() throws {
    let words = [
      "run", "in", "-o", "out", "--heatmap", "none", "--on-complete",
      "echo x >> begun; test -e go || read never < fifo; echo x >> told",
    ]
    #expect(mkfifo(program.folder.path.appending("fifo").display, 0o600) == 0)
    let running = try program.start(words)
    running.waitUntil { program.folder.exists("begun") }
    running.send(SIGKILL)
    #expect(try running.wait().status == 128 + SIGKILL)
    // Lets the command that was left behind end.
    try program.folder.write("", to: "go")
    let fifo = open(program.folder.path.appending("fifo").display, O_RDWR | O_NONBLOCK)
    #expect(write(fifo, "\n", 1) == 1)
    #expect(try program.run(words).status == 0)
    #expect(try program.run(words).status == 0)
    #expect(try program.folder.read("begun").count == 4)
    close(fifo)
  }

  @Test(
    .enabled(if: TLSReceiver.isAvailable, "needs the command openssl"),
    arguments: [
      ("IP:127.0.0.1", ["--cacert", "ca.pem"], true), ("IP:127.0.0.1", [], false),
      ("IP:127.0.0.2", ["--cacert", "ca.pem"], false),
    ])
  func `a callback goes over TLS only to whom the authorities vouch for`(
    name: String, flags: [String], isTrusted: Bool
  ) throws {
    try TLSReceiver.makeCertificates(program, name: name)
    let receiver = try TLSReceiver(program)
    defer { receiver.stop() }
    let running = try program.start(
      [
        "run", "in", "-o", "out", "--heatmap", "none", "--callback-url",
        "https://127.0.0.1:\(receiver.port)/hook", "--callback-secret-file", "secret",
        "--callback-wait", "0", "--allow-private-net",
      ] + flags)
    if isTrusted {
      running.waitUntil { receiver.received.contains("\"run_digest\"") }
      try receiver.respond(204)
    }
    let ending = try running.wait()
    #expect(ending.status == 0)
    #expect(receiver.received.contains("POST /hook HTTP/1.1") == isTrusted)
    #expect(receiver.received.contains("webhook-signature: v1,") == isTrusted)
    #expect(ending.errors.contains("event delivered") == isTrusted, "\(ending.errors)")
    #expect(ending.errors.contains("certificate") != isTrusted, "\(ending.errors)")
    let deliver = try program.run([
      "runs", "deliver", "out", "--callback-url", "https://127.0.0.1:\(receiver.port)/hook",
      "--callback-secret-file", "secret", "--callback-wait", "0", "--allow-private-net",
    ])
    #expect(deliver.status == (isTrusted ? 0 : 75), "what was not delivered is kept")
  }
}
