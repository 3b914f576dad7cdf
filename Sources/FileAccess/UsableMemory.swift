import CPlatform

/// How many bytes of memory this process may use: those of the machine, or fewer where its cgroup or
/// its limit of address space says so.
public var usableMemory: Int { Int(clamping: ic_usable_memory()) }
