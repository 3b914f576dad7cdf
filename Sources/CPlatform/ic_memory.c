#include "ic_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// The number in a file, or UINT64_MAX where there is none.
static uint64_t number_in(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) return UINT64_MAX;
  unsigned long long number;
  const int fields = fscanf(file, "%llu", &number);
  fclose(file);
  return fields == 1 ? number : UINT64_MAX;
}

// The least limit of a cgroup and of those above it, which a container may not see under their names.
static uint64_t least_limit(const char *root, char *group, const char *file) {
  uint64_t least = UINT64_MAX;
  for (;;) {
    char path[8192];
    snprintf(path, sizeof path, "%s%s/%s", root, group, file);
    const uint64_t limit = number_in(path);
    if (limit < least) least = limit;
    char *last = strrchr(group, '/');
    if (!last) return least;
    *last = 0;
  }
}

static uint64_t cgroup_limit(const char *groups, const char *hierarchies) {
  FILE *file = fopen(groups, "re");
  if (!file) return UINT64_MAX;
  uint64_t least = UINT64_MAX;
  char line[4096], memory[4096];
  snprintf(memory, sizeof memory, "%s/memory", hierarchies);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = 0;
    char *names = strchr(line, ':');
    char *group = names ? strchr(names + 1, ':') : NULL;
    if (!group) continue;
    *group++ = 0;
    uint64_t limit = UINT64_MAX;
    if (names[1] == 0) {
      limit = least_limit(hierarchies, group, "memory.max");
    } else if (strcmp(names + 1, "memory") == 0) {
      limit = least_limit(memory, group, "memory.limit_in_bytes");
    }
    if (limit < least) least = limit;
  }
  fclose(file);
  return least;
}

uint64_t ic_usable_memory(const char *groups, const char *hierarchies) {
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  uint64_t bytes = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
  const uint64_t group = cgroup_limit(groups, hierarchies);
  if (group < bytes) bytes = group;
  struct rlimit space;
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur < bytes) bytes = space.rlim_cur;
  return bytes;
}
