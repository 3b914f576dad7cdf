#ifndef IC_FILES_H
#define IC_FILES_H

#include <stddef.h>
#include <stdint.h>

// Takes an exclusive advisory lock without waiting. Returns 0, or the error number.
int ic_lock_exclusive(int fd);

// Renames unless the new name exists. Returns 0, or the error number.
int ic_rename_noreplace(const char *from, const char *to);

// Prepares SIGINT and SIGTERM to be noticed rather than to kill: the first is kept, a second one
// ends the process at once. SIGPIPE is ignored. System calls in progress end with EINTR.
void ic_catch_signals(void);

// The signal that has been kept, or 0.
int ic_caught_signal(void);

#endif
