#define _GNU_SOURCE
#include "ic_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
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

int ic_finish_writeback(int fd) {
  const unsigned flags = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
                         SYNC_FILE_RANGE_WAIT_AFTER;
  return sync_file_range(fd, 0, 0, flags) == 0 ? 0 : errno;
}

int ic_sync_filesystem(int fd) {
  return syncfs(fd) == 0 ? 0 : errno;
}

// From Linux 5.8 on syncfs tells of writes that have failed.
static int syncs_report_failures(void) {
  struct utsname system;
  if (uname(&system) != 0) return 0;
  char *rest;
  const long major = strtol(system.release, &rest, 10);
  const long minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;
  return major > 5 || (major == 5 && minor >= 8);
}

int ic_can_sync_filesystem(int fd) {
  const unsigned ext4 = 0xEF53, xfs = 0x58465342;
  struct statfs filesystem;
  if (fstatfs(fd, &filesystem) != 0) return 0;
  const unsigned type = (unsigned)filesystem.f_type;
  return (type == ext4 || type == xfs) && syncs_report_failures();
}
