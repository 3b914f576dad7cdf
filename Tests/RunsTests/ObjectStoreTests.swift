import Digests
import Faults
import FileAccess
import InfercamTestSupport
import Testing

@testable import Runs

struct ObjectStoreTests {
  let folder: TemporaryFolder
  let store: ObjectStore

  init() throws {
    folder = try TemporaryFolder()
    store = ObjectStore(folder.path.appending("store/deep"))
  }

  func put(_ text: String) throws -> ObjectStore.Entry {
    var rest = Array(text.utf8)[...]
    return try store.put { () throws(Fault) in
      let piece = Array(rest.prefix(3))
      rest = rest.dropFirst(3)
      return piece
    }
  }

  @Test func `what was put comes back under the digest of its bytes`() throws {
    let entry = try put("hello, world")
    #expect(entry.id.sha256 == SHA256.hex(of: Array("hello, world".utf8)))
    #expect(entry.size == 12)
    #expect(try store.read(entry.id, limit: 100) == Array("hello, world".utf8))
    var copy: [UInt8] = []
    try store.get(entry.id) { copy += $0 }
    #expect(copy == Array("hello, world".utf8))
    #expect(try namesInDirectory(store.path.appending("tmp")).isEmpty)
  }

  @Test func `a list has every object once, in order, and no others after removal`() throws {
    let entries = try ["a", "b", "", "a"].map { try put($0) }
    var listed: [ObjectStore.Entry] = []
    try store.list { listed.append($0) }
    #expect(listed == Array(Set(entries)).sorted { $0.id.sha256 < $1.id.sha256 })
    for entry in listed { try store.remove(entry.id) }
    var rest = 0
    try store.list { _ in rest += 1 }
    #expect(rest == 0)
    let fault = #expect(throws: Fault.self) { try store.remove(entries[0].id) }
    #expect(fault?.code == .inputNotFound)
  }

  @Test func `a damaged object is never given, and putting it again heals it`() throws {
    let entry = try put("hello")
    try folder.write(Array("jello".utf8), to: store.file(of: entry.id))
    let read = #expect(throws: Fault.self) { try store.read(entry.id, limit: 100) }
    #expect(read?.code == .imageChecksumMismatch)
    var given = 0
    let get = #expect(throws: Fault.self) { try store.get(entry.id) { _ in given += 1 } }
    #expect(get?.code == .imageChecksumMismatch && given == 0)
    _ = try put("hello")
    #expect(try store.read(entry.id, limit: 100) == Array("hello".utf8))
  }

  @Test func `a source that fails leaves nothing`() throws {
    var count = 0
    #expect(throws: Fault.self) {
      try store.put { () throws(Fault) in
        count += 1
        if count > 2 { throw Fault(.storageIOError, "no more") }
        return [1]
      }
    }
    #expect(try namesInDirectory(store.path.appending("tmp")).isEmpty)
    var listed = 0
    try store.list { _ in listed += 1 }
    #expect(listed == 0)
  }

  @Test(arguments: ["", "sha256:", "sha256:" + String(repeating: "g", count: 64), "md5:00"])
  func `other texts are no storage ids`(text: String) {
    #expect(StorageID(text) == nil)
  }
}
