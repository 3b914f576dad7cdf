import CPlatform

/// How many bytes of memory this process may use: those of the machine, or fewer where its cgroup or
/// its limit of address space says so.
public var usableMemory: Int {
  memory(ofGroups: "/proc/self/cgroup", hierarchies: "/sys/fs/cgroup")
}

func memory(ofGroups groups: String, hierarchies: String) -> Int {
  Int(clamping: ic_usable_memory(groups, hierarchies))
}
