#include "ic_jpeg_scans.h"

#include <stdlib.h>
#include <string.h>

#include "ic_codecs.h"

enum { MARKER = 0xFF, SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, TEM = 0x01, RST0 = 0xD0, RST7 = 0xD7 };

static int is_alone(uint8_t code) {
  return code == 0 || code == TEM || code == MARKER || code == SOI || (code >= RST0 && code <= RST7);
}

static int is_progressive_frame(uint8_t code) { return code == 0xC2 || code == 0xCA; }

// The place of the next marker with a segment, or of the end marker; `length` where there is none.
static size_t next_marker(const uint8_t *bytes, size_t length, size_t from) {
  while (from + 1 < length) {
    const uint8_t *found = memchr(bytes + from, MARKER, length - 1 - from);
    if (found == NULL) break;
    from = (size_t)(found - bytes);
    if (!is_alone(bytes[from + 1])) return from;
    from += bytes[from + 1] == MARKER ? 1 : 2;
  }
  return length;
}

// The end of the segment of the marker at `at`, or `length` where it is cut.
static size_t segment_end(const uint8_t *bytes, size_t length, size_t at) {
  if (at + 4 > length) return length;
  const size_t end = at + 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
  return end < length ? end : length;
}

// Whether the scan header of `size` bytes says that the scan has no DC coefficients.
static int is_ac(const uint8_t *header, size_t size) {
  if (size < 5) return 0;
  const size_t first = 5 + 2 * (size_t)header[4];
  return first < size && header[first] > 0;
}

int ic_jpeg_scans_keep_dc(const uint8_t *bytes, size_t length, ic_jpeg_scans *kept) {
  memset(kept, 0, sizeof *kept);
  uint8_t *copy = malloc(length > 0 ? length : 1);
  if (copy == NULL) return IC_NO_MEMORY;
  size_t copied = 0, done = 0;
  int progressive = 0;
  size_t at = next_marker(bytes, length, 0);
  while (at < length && bytes[at + 1] != EOI) {
    const uint8_t code = bytes[at + 1];
    const size_t end = segment_end(bytes, length, at);
    const size_t next = next_marker(bytes, length, end);
    if (code == SOS && !progressive) break;
    if (is_progressive_frame(code)) progressive = 1;
    if (code == SOS) kept->scans++;
    if (code == SOS && is_ac(bytes + at, end - at)) {
      memcpy(copy + copied, bytes + done, at - done);
      copied += at - done;
      done = next;
    }
    at = next;
  }
  if (!progressive) {
    free(copy);
    return IC_OK;
  }
  const size_t end = at + 2 < length ? at + 2 : length;
  if (at < length) kept->consumed = end;
  if (end > done) {
    memcpy(copy + copied, bytes + done, end - done);
    copied += end - done;
  }
  kept->bytes = copy;
  kept->length = copied;
  return IC_OK;
}
