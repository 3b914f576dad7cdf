#ifndef IC_FILES_H
#define IC_FILES_H

// Takes an advisory lock without waiting, replacing one that the descriptor holds.
// Returns 0, or the error number.
int ic_lock(int fd, int exclusive);

// Renames unless the new name exists. Returns 0, or the error number.
int ic_rename_noreplace(const char *from, const char *to);

// Starts to write what is dirty, without waiting and without making it durable.
// Returns 0, or the error number.
int ic_start_writeback(int fd);

#endif
