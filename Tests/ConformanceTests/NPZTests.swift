import InfercamTestSupport
import Tensors
import Testing

struct NPZTests {
  @Test(.enabled(if: SharedFolder.isPresent, "needs ../shared"))
  func `an archive gives its arrays by name`() throws {
    let folder = try #require(SharedFolder.path)
    let bytes = try #require(Files.bytes(of: folder + "/reference/graphs/densenet/cams.npz"))
    let archive = try NPZ(bytes)
    #expect(archive.arrays.count == 40)
    let map = try #require(archive["last|0|gradcam|0"])
    #expect(map.shape == [3, 3])
    #expect(map.elements(of: Float.self).prefix(2) == [0.12235279, 0.32966155])
  }

  @Test func `what is no archive is refused`() {
    #expect(throws: Malformed.self) { try NPZ([]) }
    #expect(throws: Malformed.self) { try NPZ(Array(repeating: 0x50, count: 100)) }
  }
}
