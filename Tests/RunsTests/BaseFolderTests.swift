import Faults
import FileAccess
import InfercamTestSupport
import Testing
import Workers

@testable import Runs

#if canImport(Glibc)
import Glibc
#endif

struct BaseFolderTests {
  let folder: TemporaryFolder
  let base: BaseFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.write("inside", to: "base/a.jpg")
    try folder.write("inside", to: "base/sub/b.jpg")
    try folder.write("secret", to: "secret.jpg")
    try folder.write("secret", to: "base2/c.jpg")
    let root = folder.path.display
    for (name, target) in [
      ("link.jpg", "a.jpg"), ("out.jpg", "../secret.jpg"), ("abs.jpg", "\(root)/secret.jpg"),
      ("up", ".."), ("here", "."), ("sublink", "sub"), ("other", "../base2"), ("root", "/"),
      ("loop", "loop"), ("magic", "/proc/self/cwd"), ("dangling.jpg", "nowhere"),
      ("fd", "/proc/self/fd"), ("deep", "sub/../../secret.jpg"),
    ] { #expect(symlink(target, "\(root)/base/\(name)") == 0) }
    base = try BaseFolder(folder.path.appending("base"))
  }

  static let escapes = [
    "../secret.jpg", "..", "../", "../base/a.jpg", "../base2/c.jpg", "sub/../../secret.jpg",
    "sub/../..", "./../secret.jpg", "././../secret.jpg", "sub/./../../secret.jpg",
    "sub/../sub/../../secret.jpg", "/", "/etc/passwd", "//etc/passwd", "/proc/self/fd/0",
    "/proc/self/cwd/secret.jpg", "/dev/zero", "link.jpg", "out.jpg", "abs.jpg", "up/secret.jpg",
    "up/base/a.jpg", "here/a.jpg", "sublink/b.jpg", "other/c.jpg", "root/etc/passwd", "loop",
    "loop/a.jpg", "magic/secret.jpg", "fd/0", "dangling.jpg", "deep", "sub/../up/secret.jpg",
    "sub/../link.jpg",
  ]

  @Test(arguments: escapes)
  func `no path leaves the folder or passes a link`(path: String) throws {
    var access = InputAccess()
    access.folder = base
    let reader = InputReader(access, limit: 1000)
    let fault = try #require(
      #expect(throws: Fault.self) {
        try reader.read(InputItem(sequence: 0, path: RawPath(path)))
      })
    #expect(fault.code == .accessDenied && fault.kind == .authorizationError)
    #expect(!fault.message.contains("secret\n"))
  }

  @Test(arguments: ["a.jpg", "./a.jpg", "sub/b.jpg", "sub/../a.jpg", "sub//b.jpg", "sub/./b.jpg"])
  func `paths below the folder are read`(path: String) throws {
    var access = InputAccess()
    access.folder = base
    let contents = try InputReader(access, limit: 1000).read(
      InputItem(sequence: 0, path: RawPath(path)))
    #expect(contents.bytes == Array("inside".utf8))
    #expect(contents.stamp != nil)
  }

  @Test func `a missing file is missing, a folder is no file`() throws {
    var access = InputAccess()
    access.folder = base
    let reader = InputReader(access, limit: 1000)
    func code(_ path: String) -> Fault.Code? {
      #expect(throws: Fault.self) { try reader.read(InputItem(sequence: 0, path: RawPath(path))) }?
        .code
    }
    #expect(code("nowhere.jpg") == .inputNotFound)
    #expect(code("sub") == .imageInvalidFormat)
  }

  @Test func `folders are walked below the folder only`() throws {
    var selection = InputSelection()
    selection.folder = base
    selection.followsSymbolicLinks = true
    selection.paths = [RawPath("."), RawPath("../base2")]
    let items = Array(try collectInputs(selection).list)
    #expect(items.map(\.id) == ["./a.jpg", "./sub/b.jpg", "../base2"])
  }

  @Test func `a folder that is swapped for a link never lets a path out`() throws {
    let root = folder.path
    try folder.write("inside", to: "base/swap/x.jpg")
    try folder.write("secret", to: "base2/x.jpg")
    #expect(symlink("../base2", root.appending("base/trap").display) == 0)
    let isDone = Monitor(false)
    let swaps = Monitor(0)
    let names = ["base/swap", "base/trap", "base/hold"].map { root.appending($0).display }
    let thread = WorkerThread("swapper") {
      while !isDone.withLock({ $0 }) {
        for (old, new) in [(0, 2), (1, 0), (0, 1), (2, 0)] { rename(names[old], names[new]) }
        swaps.update { $0 += 1 }
      }
    }
    var access = InputAccess()
    access.folder = base
    let reader = InputReader(access, limit: 1000)
    let _: Bool = swaps.wait { $0 > 10 ? true : nil }
    var outcomes: [String: Int] = [:]
    for _ in 0..<3000 {
      do throws(Fault) {
        let bytes = try reader.read(InputItem(sequence: 0, path: RawPath("swap/x.jpg"))).bytes
        outcomes[String(decoding: bytes, as: UTF8.self), default: 0] += 1
      } catch {
        outcomes[error.code.rawValue, default: 0] += 1
      }
    }
    isDone.update { $0 = true }
    thread?.join()
    #expect(Set(outcomes.keys).isSubset(of: ["inside", "access.denied", "input.not_found"]))
    #expect(outcomes["secret"] == nil)
  }
}
