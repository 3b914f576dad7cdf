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

// Writes what is dirty in a file and waits until the disk has taken it, which makes nothing durable
// without ic_sync_filesystem. Returns 0, or the error number, also of a write that failed earlier.
int ic_finish_writeback(int fd);

// Makes everything durable that has been written to the filesystem of an open file.
// Returns 0, or the error number, also of a write that has failed since the file was opened.
int ic_sync_filesystem(int fd);

// Whether ic_sync_filesystem makes files and names durable on the filesystem of an open file, and
// tells when it could not.
int ic_can_sync_filesystem(int fd);

#endif
