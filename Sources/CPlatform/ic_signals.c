#define _GNU_SOURCE
#include "ic_signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t caught_signal;
static volatile sig_atomic_t status_requested;

static void keep_signal(int number) {
  if (caught_signal != 0) _exit(128 + number);
  caught_signal = number;
}

static void request_status(int number) {
  (void)number;
  status_requested = 1;
}

void ic_catch_signals(void) {
  struct sigaction keep = {.sa_handler = keep_signal};
  sigemptyset(&keep.sa_mask);
  sigaction(SIGINT, &keep, NULL);
  sigaction(SIGTERM, &keep, NULL);
  struct sigaction request = {.sa_handler = request_status, .sa_flags = SA_RESTART};
  sigemptyset(&request.sa_mask);
  sigaction(SIGUSR1, &request, NULL);
  signal(SIGPIPE, SIG_IGN);
  // Some parents start their children with these signals blocked.
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGUSR1);
  sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

int ic_caught_signal(void) { return caught_signal; }

int ic_take_status_request(void) {
  int requested = status_requested;
  status_requested = 0;
  return requested;
}

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
enum { crash_signal_count = sizeof crash_signals / sizeof *crash_signals };
static struct sigaction before_crash[crash_signal_count];
static char crash_line[128];
static size_t crash_line_length;
static atomic_int crash_descriptor = -1;
static int handlers_installed;

static void note_crash(int number) {
  int descriptor = atomic_exchange(&crash_descriptor, -1);
  if (descriptor >= 0) {
    ssize_t written = write(descriptor, crash_line, crash_line_length);
    (void)written;
  }
  for (int i = 0; i < crash_signal_count; i++) {
    if (crash_signals[i] == number) sigaction(number, &before_crash[i], NULL);
  }
  // Delivered when this handler returns.
  raise(number);
}

void ic_note_crashes(int fd, const void *line, size_t count) {
  atomic_store(&crash_descriptor, -1);
  if (fd < 0 || count > sizeof crash_line) return;
  memcpy(crash_line, line, count);
  crash_line_length = count;
  atomic_store(&crash_descriptor, fd);
  if (handlers_installed) return;
  handlers_installed = 1;
  struct sigaction note = {.sa_handler = note_crash, .sa_flags = SA_ONSTACK};
  sigemptyset(&note.sa_mask);
  for (int i = 0; i < crash_signal_count; i++) {
    sigaction(crash_signals[i], &note, &before_crash[i]);
  }
}

void *ic_enter_signal_stack(void) {
  const size_t size = 1 << 16;
  stack_t stack = {.ss_sp = malloc(size), .ss_size = size};
  if (stack.ss_sp != NULL) sigaltstack(&stack, NULL);
  return stack.ss_sp;
}

void ic_leave_signal_stack(void *memory) {
  if (memory == NULL) return;
  stack_t stack = {.ss_flags = SS_DISABLE};
  sigaltstack(&stack, NULL);
  free(memory);
}
