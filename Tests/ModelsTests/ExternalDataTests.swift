import Faults
import FileAccess
import Graphs
import InfercamTestSupport
import Models
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Models that keep their weights in a file beside the graph, as PyTorch writes them.
struct ExternalDataTests {
  let folder: TemporaryFolder
  /// The weights of a 1x1 convolution from 3 to 2 channels, after 8 bytes of something else.
  static let weights: [Float] = [1, 2, 3, -1, 0.5, 4]

  init() throws {
    folder = try TemporaryFolder()
  }

  private func write(
    location: String, offset: Int = 8, length: Int = 24, dataFile: String? = "m.onnx.data"
  ) throws -> RawPath {
    var model = ModelBytes()
    model.input("x", [1, 3, 4, 4])
    model.output("y")
    model.initializer("w", dims: [2, 3, 1, 1]) { tensor in
      for (key, value) in [
        ("location", location), ("offset", "\(offset)"), ("length", "\(length)"),
      ] {
        tensor.message(13) { entry in
          entry.string(1, key)
          entry.string(2, value)
        }
      }
      tensor.int(14, 1)
    }
    model.node("Conv", ["x", "w"], ["c"])
    model.node("GlobalAveragePool", ["c"], ["y"])
    let path = folder.path.appending("m.onnx")
    try folder.write(model.bytes(), to: RawPath("m.onnx"))
    if let dataFile {
      try folder.write(
        [UInt8](repeating: 7, count: 8) + rawBytes(Self.weights), to: RawPath(dataFile))
    }
    return path
  }

  @Test func `weights beside the graph are used`() throws {
    let model = try ModelRepository.model(
      at: try write(location: "m.onnx.data"), labels: nil, preset: .some(.none))
    #expect(model.externalSHA256.keys.sorted() == ["m.onnx.data"])
    let graph = try model.importGraph()
    let id = try #require(graph.value(named: "w"))
    #expect(graph[id].constant?.elements(of: Float.self) == Self.weights)
  }

  @Test func `a change of the weights is noticed`() throws {
    let model = try ModelRepository.model(
      at: try write(location: "m.onnx.data"), labels: nil, preset: .some(.none))
    try folder.write([UInt8](repeating: 0, count: 32), to: RawPath("m.onnx.data"))
    let fault = #expect(throws: Fault.self) { try model.importGraph() }
    #expect(fault?.code == .modelDigestMismatch)
  }

  @Test(arguments: [
    ("../m.onnx.data", 8, 24), ("/etc/passwd", 8, 24), ("sub/m.onnx.data", 8, 24), ("", 8, 24),
    ("m.onnx.data", 9, 24), ("m.onnx.data", -8, 24), ("m.onnx.data", Int.max, 24),
    ("m.onnx.data", 8, 25), ("m.onnx.data", 8, -1),
  ])
  func `what leads out of the folder or out of the file is refused`(
    location: String, offset: Int, length: Int
  ) throws {
    let path = try write(location: location, offset: offset, length: length)
    let fault = #expect(throws: Fault.self) {
      try ModelRepository.model(at: path, labels: nil, preset: .some(.none))
    }
    #expect(fault?.code == .modelExternalData)
  }

  @Test func `a link, a second name and a missing file are refused`() throws {
    let path = try write(location: "m.onnx.data", dataFile: "elsewhere")
    let data = folder.path.appending("m.onnx.data")
    let target = folder.path.appending("elsewhere")
    func refusal() -> Fault? {
      #expect(throws: Fault.self) {
        try ModelRepository.model(at: path, labels: nil, preset: .some(.none))
      }
    }
    #expect(refusal()?.code == .modelNotFound)
    let linked = target.withCString { from in data.withCString { symlink(from, $0) } }
    #expect(linked == 0 && refusal() != nil)
    data.withCString { _ = unlink($0) }
    let named = target.withCString { from in data.withCString { link(from, $0) } }
    #expect(named == 0)
    #expect(refusal()?.code == .modelExternalData)
  }
}
