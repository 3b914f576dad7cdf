import Digests
import Faults
import FileAccess
import InfercamTestSupport
import Tensors
import Testing
import Workers

@testable import Runs

#if canImport(Glibc)
import Glibc
#endif

struct InputReaderTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  @Test func `an array of a stack is the file that holds it alone`() throws {
    let stack = Tensor((0..<24).map(Float.init), shape: [3, 2, 2, 2])
    let file = try folder.write(NPY.encode(stack), to: RawPath("s.npy"))
    var selection = InputSelection()
    selection.paths = [file]
    let items = Array(try collectInputs(selection).list)
    #expect(items.map(\.id) == (0..<3).map { "\(file.display)#\($0)" })
    #expect(items.map(\.arrayIndex) == [0, 1, 2])
    let reader = InputReader(InputAccess(), limit: 200)
    for (index, item) in items.enumerated() {
      let alone = Tensor((0..<8).map { Float(8 * index + $0) }, shape: [2, 2, 2])
      let contents = try reader.read(item)
      #expect(contents.bytes == NPY.encode(alone))
      #expect(contents.sha256 == SHA256.hex(of: contents.bytes))
    }
    // The digest that a manifest names is that of the whole file.
    var item = items[1]
    item.sha256 = SHA256.hex(of: NPY.encode(stack))
    _ = try reader.read(item)
    item.sha256 = SHA256.hex(of: [])
    let fault = #expect(throws: Fault.self) { try reader.read(item) }
    #expect(fault?.code == .imageChecksumMismatch)
  }

  static let notStacked: [(name: String, bytes: [UInt8])] = [
    ("one.npy", NPY.encode(Tensor([Float](repeating: 0, count: 8), shape: [1, 2, 2, 2]))),
    ("three.npy", NPY.encode(Tensor([Float](repeating: 0, count: 8), shape: [2, 2, 2]))),
    (
      "short.npy",
      NPY.encode(Tensor([Float](repeating: 0, count: 8), shape: [2, 1, 2, 2])).dropLast()
    ),
    ("empty.npy", NPY.encode(Tensor([Float](), shape: [1_000_000, 0, 1, 1]))),
    ("text.npy", Array("no array".utf8)), ("none.npy", []),
  ]

  @Test(arguments: notStacked.indices)
  func `whatever is no sound stack is one item`(index: Int) throws {
    let (name, bytes) = Self.notStacked[index]
    let file = try folder.write(Array(bytes), to: RawPath(name))
    var selection = InputSelection()
    selection.paths = [file]
    #expect(Array(try collectInputs(selection).list).map(\.id) == [file.display])
  }

  @Test(arguments: [0, 1])
  func `pipes, devices, sockets and folders are refused at once`(_: Int) throws {
    let pipe = folder.path.appending("pipe.jpg")
    #expect(mkfifo(pipe.display, 0o600) == 0)
    let reader = InputReader(InputAccess(), limit: 1000)
    for path in [pipe, RawPath("/dev/zero"), folder.path, RawPath("/dev/null")] {
      let fault = #expect(throws: Fault.self) {
        try reader.read(InputItem(sequence: 0, path: path))
      }
      #expect(fault?.code == .imageInvalidFormat)
    }
  }

  @Test func `a file that grows and shrinks gives bytes within the limit, and their digest`() throws
  {
    let path = try folder.write("x", to: "a.jpg")
    let isDone = Monitor(false)
    let rounds = Monitor(0)
    let thread = WorkerThread("writer") {
      let file = open(path.display, O_WRONLY)
      let block = [UInt8](repeating: 7, count: 64)
      while !isDone.withLock({ $0 }) {
        for _ in 0..<40 { _ = write(file, block, block.count) }
        ftruncate(file, 0)
        lseek(file, 0, SEEK_SET)
        rounds.update { $0 += 1 }
      }
      close(file)
    }
    let _: Bool = rounds.wait { $0 > 2 ? true : nil }
    let reader = InputReader(InputAccess(), limit: 1024)
    for _ in 0..<2000 {
      do throws(Fault) {
        let contents = try reader.read(InputItem(sequence: 0, path: path))
        #expect(contents.bytes.count <= 1024)
        #expect(contents.sha256 == SHA256.hex(of: contents.bytes))
      } catch {
        #expect(error.code == .uploadTooLarge)
      }
    }
    isDone.update { $0 = true }
    thread?.join()
  }

  @Test(
    arguments: [
      ("cat >/dev/null", nil), ("exit 0", nil),
      ("cat >/dev/null; exit 1", "image.rejected_by_scanner"),
      ("grep -q EICAR-STANDARD-ANTIVIRUS && exit 1; exit 0", nil),
      ("exit 2", "image.rejected_by_scanner"), ("/nonexistent/scanner -", "scan.failed"),
      ("exit 126", "scan.failed"), ("kill -9 $$", "scan.failed"),
      ("sleep 1000; exit 0", "scan.failed"), ("sleep 1000 & wait", "scan.failed"),
    ] as [(String, String?)])
  func `what a scan command says decides about the item`(command: String, code: String?) throws {
    // As the program does: a command may end without reading.
    signal(SIGPIPE, SIG_IGN)
    // Only the commands that never end come near this limit.
    let seconds = command.contains("sleep") ? 0.2 : 60
    let scanner = ItemScanner(Array(command.utf8), seconds: seconds)
    let bytes = [UInt8](repeating: 1, count: 300_000)
    do throws(Fault) {
      try scanner.scan(bytes, of: "a.jpg")
      #expect(code == nil)
    } catch {
      #expect(error.code.rawValue == code)
    }
  }
}
