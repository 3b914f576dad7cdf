import Faults
import Graphs
import InfercamTestSupport
import ONNXImport
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#endif

struct MappedFileTests {
  /// Calls `body` with a descriptor of an unlinked file that holds `bytes`.
  private static func withFile<R>(_ bytes: [UInt8], _ body: (CInt) throws -> R) throws -> R {
    var template = Array("/tmp/infercam-map-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    unlink(template)
    try #require(
      bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
    return try body(descriptor)
  }

  @Test
  func `a mapped model keeps its bytes after the descriptor is closed`() throws {
    let bytes = ImportModelTests.small()
    let mapping = try Self.withFile(bytes) { try MappedFile(descriptor: $0) }
    #expect(Array(mapping.bytes) == bytes)
    #expect(try importModel(mapping: mapping).graph.nodes.count == 2)
  }

  @Test
  func `weights keep the mapping alive`() throws {
    var mapping: MappedFile? = try Self.withFile(ImportModelTests.small()) {
      try MappedFile(descriptor: $0)
    }
    weak let observed = mapping
    let graph = try importModel(mapping: try #require(mapping)).graph
    mapping = nil
    #expect(observed != nil)
    let weight = try #require(graph.value(named: "w").flatMap { graph[$0].constant })
    #expect(weight.elements(of: Float.self) == [1, -4])
  }

  @Test
  func `an empty file and a folder are refused`() throws {
    #expect(throws: Fault.self) { try Self.withFile([]) { try MappedFile(descriptor: $0) } }
    let folder = open("/tmp", O_RDONLY | O_CLOEXEC)
    defer { close(folder) }
    let fault = #expect(throws: Fault.self) { try MappedFile(descriptor: folder) }
    #expect(fault?.code == .modelInvalid)
  }
}
