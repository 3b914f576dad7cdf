#define _GNU_SOURCE
#include "ic_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

int ic_lock(int fd, int exclusive) {
  while (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int ic_rename_noreplace(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

int ic_start_writeback(int fd) {
  return sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE) == 0 ? 0 : errno;
}

int ic_open_beneath(int folder, const char *path, int flags) {
  struct open_how how = {
      .flags = (unsigned)(flags | O_CLOEXEC),
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  // EAGAIN: something was renamed while `..` was resolved.
  for (int attempt = 0;; attempt++) {
    long fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (fd >= 0) return (int)fd;
    if (errno != EINTR && (errno != EAGAIN || attempt >= 128)) return -errno;
  }
}
