import InfercamTestSupport
import Testing

@testable import FileAccess

struct UsableMemoryTests {
  /// What /proc/self/cgroup says, limits by their files, and the limit that counts.
  struct Groups: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let groups: String
    let limits: [String: String]
    let usable: Int?
  }

  @Test(
    arguments: [
      Groups(
        testDescription: "version 2, own limit", groups: "0::/jobs/one\n",
        limits: ["jobs/one/memory.max": "1000000\n", "jobs/memory.max": "2000000\n"],
        usable: 1_000_000),
      Groups(
        testDescription: "version 2, limit of a group above", groups: "0::/jobs/one\n",
        limits: ["jobs/one/memory.max": "max\n", "jobs/memory.max": "2000000\n"],
        usable: 2_000_000),
      Groups(
        testDescription: "version 2, names of the outside", groups: "0::/../../other\n",
        limits: ["memory.max": "3000000\n"], usable: 3_000_000),
      Groups(
        testDescription: "version 1", groups: "5:cpu,cpuacct:/a\n4:memory:/a/b\n",
        limits: [
          "memory/a/b/memory.limit_in_bytes": "4000000\n",
          "memory/memory.limit_in_bytes": "9223372036854771712\n",
          "a/memory.max": "1000000\n",
        ], usable: 4_000_000),
      Groups(
        testDescription: "both versions", groups: "4:memory:/a\n0::/b\n",
        limits: [
          "memory/a/memory.limit_in_bytes": "6000000\n", "b/memory.max": "5000000\n",
        ], usable: 5_000_000),
      Groups(
        testDescription: "no limit", groups: "0::/jobs\n", limits: ["jobs/memory.max": "max\n"],
        usable: nil),
      Groups(testDescription: "no groups", groups: "", limits: [:], usable: nil),
    ])
  func `the least limit of the groups of a process counts`(_ given: Groups) throws {
    let folder = try TemporaryFolder()
    let groups = try folder.write(given.groups, to: "groups")
    for (file, limit) in given.limits { try folder.write(limit, to: "mounted/\(file)") }
    let usable = try memory(
      ofGroups: #require(groups.text), hierarchies: #require(folder.path.appending("mounted").text))
    // Without a limit the memory of whatever machine this is.
    let unlimited = memory(ofGroups: "/nonexistent", hierarchies: "/nonexistent")
    #expect(unlimited > 64 << 20)
    #expect(usable == given.usable ?? unlimited)
  }
}
