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

// O_PATH: a descriptor that names a file and cannot read it.
#define IC_O_PATH 0x200000

// Opens what `path` names below the folder `folder`, following no link and never leaving the folder
// (openat2 with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS).
// Returns the descriptor, or the negative error number.
int ic_open_beneath(int folder, const char *path, int flags);

#endif
