#ifndef IC_MEMORY_H
#define IC_MEMORY_H

#include <stdint.h>

// Bytes of memory that this process may use: the least of the machine's, its cgroup's (either
// version) and its limit of address space. `groups` is the file that names the cgroups of the process,
// `hierarchies` the folder where they are mounted.
uint64_t ic_usable_memory(const char *groups, const char *hierarchies);

#endif
