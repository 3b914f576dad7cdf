#ifndef IC_DEFLATE_PARTS_H
#define IC_DEFLATE_PARTS_H

#include <string.h>

#include "ic_deflate.h"

// What the files of the compressor share.

enum { IC_LITERALS = 286, IC_END = 256, IC_RUN_LEAST = 8, IC_RUN_MOST = 258 };

// Adds bits; the caller has reserved 8 bytes beyond what it writes.
static inline void ic_put(ic_bytes *out, uint64_t value, int count) {
  out->bits |= value << out->pending;
  out->pending += count;
}

// Writes the whole bytes of what was added, at most 63 bits.
static inline void ic_spill(ic_bytes *out) {
  memcpy(out->bytes + out->length, &out->bits, 8);
  out->length += (size_t)(out->pending >> 3);
  out->bits >>= out->pending & ~7;
  out->pending &= 7;
}

static inline uint64_t ic_load64(const uint8_t *from) {
  uint64_t value;
  memcpy(&value, from, 8);
  return value;
}

// Huffman codes, bit-reversed as deflate sends them; symbols of depth 0 do not occur.
typedef struct {
  uint8_t depths[IC_LITERALS];
  uint16_t codes[IC_LITERALS];
  uint8_t low[256], high[256];  // bytes of the codes of literals
  int longest;                  // depth
} ic_alphabet;

// Codes of at most `limit` bits for `count` symbols that occur `weights` times.
void ic_make_alphabet(const uint32_t *weights, int count, int limit, ic_alphabet *made);

// Position and length of a run; the bytes between runs are literals.
typedef struct {
  uint32_t at;
  uint32_t length;
} ic_run;

// How many bytes lie outside the runs of a block.
static inline size_t ic_literal_count(size_t length, const ic_run *runs, size_t run_count) {
  for (size_t r = 0; r < run_count; r++) length -= runs[r].length;
  return length;
}

// Finds the runs of a block and counts the literals between them into `counts[0...255]`.
// `runs` has room for length / IC_RUN_LEAST + 1.
size_t ic_find_runs(
  const uint8_t *in, size_t length, ic_run *runs, uint32_t *counts, int level);

// The bits of a run of each length, less 3: its length and the only distance, 1.
typedef struct {
  uint32_t bits;
  int32_t count;
} ic_run_code;

// A block with the runs found in it.
typedef struct {
  const uint8_t *bytes;
  size_t length;
  const ic_run *runs;
  size_t run_count;
} ic_parted;

// Appends the literals and the runs of a block; `out` has room for two bytes each and 8 more.
void ic_put_parts(
  ic_bytes *out, const ic_alphabet *alphabet, const ic_run_code *codes, const ic_parted *block,
  int level);

#endif
