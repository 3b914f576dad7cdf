import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// One batch of every hostile file with good photos among them.
@Suite(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
struct HostileBatchTests {
  static let model = "mobilenet_v1_0.25_imagenet_nchw"

  /// Every file below a folder.
  private func files(below folder: RawPath) throws -> [RawPath] {
    try namesInDirectory(folder).sorted { $0.display < $1.display }.flatMap { name in
      let path = folder.appending(name)
      return try FileStamp(of: path)?.kind == .directory ? files(below: path) : [path]
    }
  }

  @Test func `ten photos among hostile files are right and the others fail one by one`() throws {
    let shared = try #require(SharedFolder.path)
    let program = try Program()
    let photos = try ReferencePhoto.all().filter { $0.model == Self.model }.prefix(10)
    try #require(photos.count == 10)
    let hostile = try files(below: RawPath("\(shared)/hostile"))
    try #require(hostile.count > 1000)
    // The photos stand between the others, so that they share their chunks.
    var list: [UInt8] = []
    for (index, photo) in photos.enumerated() {
      let part = hostile.count / photos.count
      let end = index == photos.count - 1 ? hostile.count : (index + 1) * part
      for path in hostile[index * part..<end] { list += path.bytes + [0] }
      list += try program.folder.write(try photo.bytes(), to: RawPath("in/\(photo.photo)")).bytes
      list.append(0)
    }
    try program.folder.write(list, to: RawPath("list"))
    let ending = try program.run([
      "run", "--files0-from", "list", "-o", "out", "--models", "\(shared)/models", "-m",
      Self.model, "--heatmap", "none", "--durability", "none",
    ])
    #expect(ending.status == 1)
    let results = try program.folder.read("out/results.jsonl").split(separator: 0x0A).map {
      try JSONValue(parsing: Array($0))
    }
    #expect(results.map { $0["seq"]?.int } == Array(0..<hostile.count + photos.count))
    for photo in photos {
      let id = program.folder.path.appending("in/\(photo.photo)").display
      let result = results.first { $0["id"]?.string == id }
      let best = result?["result"]?["classes"]?.array?.first
      #expect(best?["index"]?.int == photo.top[0].index, "\(photo)")
      let probability = best?["prob"]?.double ?? 0
      #expect(abs(probability - photo.top[0].probability) < 1e-3, "\(photo)")
    }
    try checkSummary(results, try JSONValue(parsing: program.folder.read("out/summary.json")))
  }

  /// The summary counts what the results say, failures by code.
  private func checkSummary(_ results: [JSONValue], _ summary: JSONValue) throws {
    var failures: [String: Int] = [:]
    for result in results where result["status"] == "failed" {
      failures[try #require(result["error"]?["code"]?.string), default: 0] += 1
    }
    let told = summary["result_summary"]?["failures"]?.object?.mapValues(\.int)
    #expect(told == failures.mapValues { $0 })
    let codes: Set = [
      "image.animated_not_supported", "image.decoding_failed", "image.invalid_format",
      "image.too_large", "media.unsupported",
    ]
    #expect(Set(failures.keys) == codes)
    #expect(failures.values.reduce(0, +) > 300)
  }
}
