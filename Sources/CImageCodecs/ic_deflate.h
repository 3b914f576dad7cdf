#ifndef IC_DEFLATE_H
#define IC_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

// A growing byte string; `failed` is set once memory runs out.
typedef struct {
  uint8_t *bytes;
  size_t length;
  size_t capacity;
  uint64_t bits;  // bits not yet written, lowest first
  int pending;
  int failed;
} ic_bytes;

int ic_reserve(ic_bytes *out, size_t more);

// Appends one deflate block of literals and runs of one byte (distance 1), dynamic Huffman coded.
// `in` holds at most 1 MiB. Every level gives the same bytes.
void ic_deflate_block(ic_bytes *out, const uint8_t *in, size_t length, int last, int level);

// Writes out the bits that do not fill a byte.
void ic_flush_bits(ic_bytes *out);

#endif
