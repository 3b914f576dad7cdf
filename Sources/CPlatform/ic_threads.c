#define _GNU_SOURCE
#include "ic_threads.h"

#include "ic_signals.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct start {
  void (*body)(void *);
  void *context;
};

static void *enter(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  void *signal_stack = ic_enter_signal_stack();
  start.body(start.context);
  ic_leave_signal_stack(signal_stack);
  return NULL;
}

int ic_thread_start(
    unsigned long *handle, size_t stack_bytes, const char *name, void (*body)(void *),
    void *context) {
  struct start *start = malloc(sizeof *start);
  if (start == NULL) return 12;
  *start = (struct start){body, context};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, enter, start);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    free(start);
    return error;
  }
  pthread_setname_np(thread, name);
  *handle = (unsigned long)thread;
  return 0;
}

void ic_thread_join(unsigned long handle) { pthread_join((pthread_t)handle, NULL); }

void ic_thread_detach(unsigned long handle) { pthread_detach((pthread_t)handle); }

int ic_usable_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}
