import Faults
import FileAccess
import FuzzTargets
import InfercamTestSupport
import Testing

/// What fuzzing kept, fed to the parsers again: none may end the process or hang.
struct FuzzCorpusTests {
  static let folder = checkoutFolder.appending("Fuzzing/corpus")

  /// The files of a target, whole.
  static func corpus(_ target: FuzzTarget) throws -> [(name: RawPath, bytes: [UInt8])] {
    let folder = Self.folder.appending(target.rawValue)
    return try namesInDirectory(folder).sorted { $0.display < $1.display }.map { name in
      (name, try readRegularFile(folder.appending(name), limit: 1 << 20).bytes)
    }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `every kept file is parsed or refused`(_ target: FuzzTarget) throws {
    let files = try Self.corpus(target)
    #expect(files.count >= 10)
    for (_, bytes) in files { target.run(bytes) }
  }

  @Test(arguments: FuzzTarget.allCases)
  func `valid files cut off at every byte are parsed or refused`(_ target: FuzzTarget) throws {
    let seeds = try Self.corpus(target).filter { $0.name.display.hasPrefix("seed-") }
    #expect(!seeds.isEmpty)
    for (_, bytes) in seeds {
      for length in bytes.indices { target.run(Array(bytes[..<length])) }
    }
  }

  @Test func `the corpus is small`() throws {
    let bytes = try FuzzTarget.allCases.flatMap { try Self.corpus($0) }.map(\.bytes.count)
    #expect(bytes.reduce(0, +) <= 1 << 20)
  }
}
