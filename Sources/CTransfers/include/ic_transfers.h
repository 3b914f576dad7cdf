#ifndef IC_TRANSFERS_H
#define IC_TRANSFERS_H

#include <stddef.h>
#include <stdint.h>

// How an exchange ended.
enum ic_transfer_end {
  IC_TRANSFER_COMPLETE,
  IC_TRANSFER_UNREACHABLE,
  // Every address was turned down by `permits`.
  IC_TRANSFER_ADDRESS_DENIED,
  IC_TRANSFER_INSECURE,
  IC_TRANSFER_TIMED_OUT,
  IC_TRANSFER_TOO_LARGE,
  IC_TRANSFER_CANCELLED,
  // Reset, ended too early, or not HTTP.
  IC_TRANSFER_BROKEN,
  IC_TRANSFER_NO_MEMORY,
  // Refused by the library: a bug of the caller.
  IC_TRANSFER_MISUSED,
};

// One HTTP request and what becomes of it. Texts end in NUL and outlive the call.
struct ic_transfer {
  const char *url;
  // "host:port:address,address": the only addresses that are tried; NULL for a literal address.
  const char *addresses;
  // Lines "name: value".
  const char *const *headers;
  size_t header_count;
  // NULL for GET, else the body of a POST.
  const uint8_t *body;
  size_t body_count;
  // A file of trusted certificates; NULL for those of the system.
  const char *authorities;
  long connect_milliseconds;
  long total_milliseconds;
  // Gives up when nothing arrives for as many seconds.
  long stall_seconds;
  // The most bytes of an answer's body.
  int64_t limit;

  void *context;
  // Whether an address of 4 or 16 bytes may be connected to.
  int (*permits)(void *context, const uint8_t *address, size_t count);
  void (*header)(void *context, const uint8_t *line, size_t count);
  void (*receive)(void *context, const uint8_t *bytes, size_t count);
  int (*is_cancelled)(void *context);

  enum ic_transfer_end end;
  // The status of the answer, 0 when none arrived.
  long status;
  // A few words about a failure, without any part of the URL.
  const char *reason;
};

// Loads libcurl under this file name. Returns whether it is usable.
int ic_transfers_load(const char *name);

// A connection pool for one thread; NULL without memory. The library must have been loaded.
void *ic_transfers_open(void);
void ic_transfers_close(void *handle);

// Sends a request and reads the answer. Follows no redirect, uses no proxy, cookies or .netrc.
void ic_transfers_perform(void *handle, struct ic_transfer *transfer);

#endif
