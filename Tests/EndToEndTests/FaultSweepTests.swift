#if DEBUG
import InfercamTestSupport
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Every call of the system fails in turn, once or from then on, or is the last of the process, and
/// then the same command is given again. This is how SQLite tests its journal.
///
/// Among the other tests a fixed sample of the points is tried; with `INFERCAM_TEST_FAULTS=all` all
/// of them are, until the fault does not happen any more.
struct FaultSweepTests {
  static let calls = [
    "open", "read", "write", "fsync", "fdatasync", "sync_file_range", "syncfs", "rename", "mkdir",
    "close", "ftruncate", "flock",
  ]

  /// How many points of each scenario are tried among the other tests.
  private static let sampleSize = 18

  private static let isWhole =
    getenv("INFERCAM_TEST_FAULTS").map { String(cString: $0) } == "all"

  /// What may happen to a call. A system that interrupts every call for ever is left out: what is
  /// interrupted is tried again, so that no program would end.
  private static func effects(of call: String) -> [(name: String, isPersistent: Bool)] {
    var effects = [("EINTR", false), ("kill", false)]
    for name in ["EIO", "ENOSPC", "EMFILE"] + (call == "write" ? ["short"] : []) {
      effects += [(name, false), (name, true)]
    }
    return effects
  }

  @Test(arguments: FaultScenario.Kind.allCases)
  func `a command that fails at any call goes on to the same bytes when it is given again`(
    kind: FaultScenario.Kind
  ) throws {
    let scenario = try FaultScenario(kind)
    if Self.isWhole { return try sweep(scenario) }
    var points: [FaultScenario.Point] = []
    for (call, count) in try scenario.counts() where count > 0 {
      for effect in Self.effects(of: call) {
        points += (1...count).map {
          FaultScenario.Point(
            call: call, effect: effect.name, number: $0, isPersistent: effect.isPersistent)
        }
      }
    }
    let stride = max(1, points.count / Self.sampleSize)
    var happened = 0
    for index in Swift.stride(from: stride / 2, to: points.count, by: stride) {
      if try scenario.withstands(points[index]) { happened += 1 }
    }
    #expect(happened >= Self.sampleSize / 2)
  }

  private func sweep(_ scenario: FaultScenario) throws {
    var happened = 0
    for call in Self.calls {
      for effect in Self.effects(of: call) {
        var point = FaultScenario.Point(
          call: call, effect: effect.name, number: 1, isPersistent: effect.isPersistent)
        while try scenario.withstands(point) {
          happened += 1
          point.number += 1
        }
      }
    }
    print("faults in \(scenario.kind): \(happened) points")
    #expect(happened > 100)
  }
}
#endif
