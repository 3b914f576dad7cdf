#ifndef IC_THREADS_H
#define IC_THREADS_H

#include <stddef.h>

// Starts a thread that calls `body(context)` and gives it a name of at most 15 bytes.
// Returns 0 and the handle, or the error number.
int ic_thread_start(
    unsigned long *handle, size_t stack_bytes, const char *name, void (*body)(void *),
    void *context);

// Waits until the thread has ended.
void ic_thread_join(unsigned long handle);

// Lets the thread end on its own; it cannot be waited for any more.
void ic_thread_detach(unsigned long handle);

// Lets the other thread of a processor's core run for a moment, in a loop that waits.
static inline void ic_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// How many processors this process may use.
int ic_usable_processors(void);

#endif
