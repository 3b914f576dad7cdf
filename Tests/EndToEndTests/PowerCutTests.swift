import FileAccess
import InfercamTestSupport
import JSON
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// Runs on a filesystem whose power is cut: all that is not yet on its disk is lost.
///
/// `INFERCAM_TEST_POWER_CUTS` says how many times for each filesystem. The power goes while items are
/// being committed: after some have been reported, at any moment until the next are. Needs root, loop
/// devices and the programs that make the filesystem.
struct PowerCutTests {
  let program: Program

  init() throws {
    program = try Program()
  }

  /// Whether this machine lets the tests make, mount and shut down filesystems.
  private static let isPossible =
    geteuid() == 0
    && shell("command -v mkfs.ext4 mkfs.xfs losetup >/dev/null && losetup -f >/dev/null") == 0

  @Test(
    .enabled(if: isPossible, "needs root, loop devices, mkfs.ext4 and mkfs.xfs"),
    arguments: ["ext4", "xfs"])
  func `a power cut takes nothing that was reported`(filesystem: String) throws {
    let disk = program.folder.path.appending("disk").display
    let mount = program.folder.path.appending("mnt")
    try createDirectories(mount)
    #expect(shell("truncate -s 400M '\(disk)' && mkfs.\(filesystem) -q '\(disk)'") == 0)
    try #require(attach(disk, mount))
    defer { _ = detach(mount) }

    let cuts = repetitions("INFERCAM_TEST_POWER_CUTS", default: 2)
    let copies = 16
    try program.makeInputs(copies: copies)
    let words = ["run", "in", "--heatmap", "png,npy", "--progress", "json", "-o"]
    #expect(try program.run(words + ["whole"]).status == 0)
    let expected = try program.reproducibleResults("whole")
    let heatmaps = try program.heatmaps("whole")

    var random = SeededTensors(seed: 2)
    var cut = 0
    var run = 0
    var reported = 0
    while cut < cuts {
      run += 1
      let output = "mnt/out\(run)"
      var acknowledged = 0
      while true {
        let batch = [1, 3, 8].randomElement(using: &random) ?? 1
        let running = try program.start(words + [output, "--batch", "\(batch)"])
        if cut < cuts {
          let goal = acknowledged + Int.random(in: 1...copies, using: &random)
          running.waitUntil { program.acknowledged(running) >= goal }
          usleep(UInt32.random(in: 0..<300_000, using: &random))
          let stillRuns = running.isRunning
          // What the process says after the cut, no process could have said.
          let before = program.acknowledged(running)
          #expect(shutDown(mount, flushingLog: Bool.random(using: &random)))
          running.send(SIGKILL)
          _ = try running.wait()
          cut += stillRuns ? 1 : 0
          reported += max(0, before - acknowledged)
          acknowledged = max(acknowledged, before)
          #expect(detach(mount))
          try #require(attach(disk, mount))
        } else {
          let ending = try running.wait()
          #expect(ending.status == 0, "\(ending.errors)")
          acknowledged = max(acknowledged, program.acknowledged(running))
        }
        let journal = mount.appending("out\(run)/journal/0-of-1.jsonl").display
        #expect(program.recorded([journal]) >= acknowledged)
        if program.folder.exists("\(output)/run.json") {
          let verified = try program.run(["runs", "verify", output])
          #expect([0, 75].contains(verified.status), "\(verified.text)\(verified.errors)")
        }
        if program.folder.exists("\(output)/_SUCCESS") { break }
      }
      #expect(try program.run(words + [output]).status == 0)
      #expect(try program.reproducibleResults(output) == expected)
      #expect(try program.heatmaps(output) == heatmaps)
      try removeTree(program.folder.path.appending(output))
    }
    print(
      "\(filesystem): \(cut) power cuts, \(reported) items reported in processes that they ended")
    #expect(reported >= cuts)
  }

  /// Unmounts, once the system has let go of what the killed process had open.
  private func detach(_ mount: RawPath) -> Bool {
    shell(
      "for i in $(seq 100); do umount '\(mount.display)' 2>/dev/null && exit; sleep 0.1; done; false"
    )
      == 0
  }

  private func attach(_ disk: String, _ mount: RawPath) -> Bool {
    shell("mount -o loop '\(disk)' '\(mount.display)'") == 0
  }

  /// Cuts the power, after writing out the filesystem's log or not.
  private func shutDown(_ mount: RawPath, flushingLog: Bool) -> Bool {
    let descriptor = open(mount.display, O_RDONLY | O_DIRECTORY)
    defer { close(descriptor) }
    // FS_IOC_SHUTDOWN of linux/fs.h, _IOR('X', 125, __u32).
    let request: UInt = 0x8004_587D
    var mode: UInt32 = flushingLog ? 1 : 2
    return ioctl(descriptor, request, &mode) == 0
  }
}
