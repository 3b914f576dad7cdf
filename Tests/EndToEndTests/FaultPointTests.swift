#if DEBUG
import FileAccess
import InfercamTestSupport
import JSON
import Testing

struct FaultPointTests {
  let program: Program

  init() throws {
    program = try Program()
    try program.makeInputs()
  }

  private func run(_ plan: String) throws -> Program.Ending {
    try program.run(["run", "in", "-o", "out"], environment: ["INFERCAM_FAULT": plan])
  }

  /// What fails, how the program ends, and the code that it tells.
  @Test(arguments: [
    ("fdatasync:EIO:2:always", 6, "storage.io_error"), ("fsync:EIO:8:once", 6, "storage.io_error"),
    ("write:ENOSPC:9:always", 6, "storage.no_space"),
    ("rename:EDQUOT:4:once", 6, "storage.no_space"),
    ("mkdir:EROFS:1:once", 6, "storage.io_error"), ("close:EIO:4:once", 6, "storage.io_error"),
    ("flock:EIO:1:once", 6, "storage.io_error"), ("write:kill:12:once", 137, ""),
  ])
  func `a fault of the system ends the run and the same command goes on`(
    plan: String, status: Int32, code: String
  ) throws {
    #expect(try program.run(["run", "in", "-o", "whole"]).status == 0)
    let ending = try run(plan)
    #expect(ending.errors.contains("fault point: "))
    #expect(ending.status == status, "\(ending.errors)")
    #expect(ending.errors.contains(code))
    let resumed = try program.run(["run", "in", "-o", "out"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try program.reproducibleResults("out") == program.reproducibleResults("whole"))
    #expect(try program.heatmaps("out") == program.heatmaps("whole"))
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test(arguments: ["write:short:3:always", "write:EINTR:5:once", "fsync:EINTR:2:once"])
  func `what the system leaves undone is done to the end`(plan: String) throws {
    let ending = try run(plan)
    #expect(ending.status == 0, "\(ending.errors)")
    #expect(try program.run(["runs", "verify", "out"]).status == 0)
  }

  @Test func `a plan that cannot be read is refused`() throws {
    #expect(try run("write:EIO").status == 2)
    #expect(try run("dance:EIO:1").status == 2)
  }
}
#endif
