#define _GNU_SOURCE
#include "ic_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

int ic_lock_exclusive(int fd) {
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int ic_rename_noreplace(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

static volatile sig_atomic_t caught_signal;

static void keep_signal(int number) {
  if (caught_signal != 0) _exit(128 + number);
  caught_signal = number;
}

void ic_catch_signals(void) {
  struct sigaction keep = {.sa_handler = keep_signal};
  sigemptyset(&keep.sa_mask);
  sigaction(SIGINT, &keep, NULL);
  sigaction(SIGTERM, &keep, NULL);
  signal(SIGPIPE, SIG_IGN);
  // Some parents start their children with these signals blocked.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

int ic_caught_signal(void) { return caught_signal; }
