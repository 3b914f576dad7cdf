#ifndef IC_SIGNALS_H
#define IC_SIGNALS_H

#include <stddef.h>

// Prepares SIGINT and SIGTERM to be noticed rather than to kill: the first is kept, a second one
// ends the process at once. SIGUSR1 asks for the status. SIGPIPE is ignored. System calls in
// progress end with EINTR.
void ic_catch_signals(void);

// The signal that has been kept, or 0.
int ic_caught_signal(void);

// Whether SIGUSR1 has come since the last question.
int ic_take_status_request(void);

// Writes `line`, of at most 128 bytes, to `fd` when a fault of the processor or abort() ends the
// process; a negative `fd` ends this. What ends the process stays as it is.
void ic_note_crashes(int fd, const void *line, size_t count);

// Gives the calling thread a stack for signals, so that an overflow of its own can be noticed;
// `ic_leave_signal_stack` takes it back on the same thread.
void *ic_enter_signal_stack(void);
void ic_leave_signal_stack(void *memory);

#endif
