#include <stdlib.h>

#include "ic_deflate_parts.h"

// Pictures made of smooth colours gain next to nothing from a search for distant matches; what
// counts after the PNG filter are runs and the entropy code.

enum { CODE_LENGTHS = 19 };

int ic_reserve(ic_bytes *out, size_t more) {
  if (out->failed) return 0;
  size_t wanted = out->length + more;
  if (wanted <= out->capacity) return 1;
  size_t capacity = wanted + wanted / 2;
  uint8_t *bytes = realloc(out->bytes, capacity);
  if (bytes == NULL) {
    out->failed = 1;
    return 0;
  }
  out->bytes = bytes;
  out->capacity = capacity;
  return 1;
}

void ic_flush_bits(ic_bytes *out) {
  if (!ic_reserve(out, 16)) return;
  out->pending = (out->pending + 7) & ~7;
  ic_spill(out);
}

typedef struct {
  uint16_t symbol;
  uint8_t extra_bits;
  uint8_t base;  // least length of the symbol minus 3
} length_code;

// Length symbols of deflate, by length minus 3.
static void fill_length_codes(length_code *codes) {
  int length = 0;
  for (int s = 0; s < 28; s++) {
    int extra = s < 8 ? 0 : s / 4 - 1;
    int base = length;
    for (int i = 0; i < 1 << extra && length < 256; i++)
      codes[length++] = (length_code){(uint16_t)(257 + s), (uint8_t)extra, (uint8_t)base};
  }
  codes[255] = (length_code){285, 0, 255};
}

// Sends the code lengths of the literal alphabet, zeros run-length coded, and one distance code.
static void put_header(ic_bytes *out, const ic_alphabet *literals, int last) {
  static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                              11, 4,  12, 3, 13, 2, 14, 1, 15};
  uint8_t symbols[IC_LITERALS + 1], extras[IC_LITERALS + 1];
  uint32_t weights[CODE_LENGTHS] = {0};
  int count = 0;
  for (int s = 0; s < IC_LITERALS;) {
    int zeros = 0;
    while (s + zeros < IC_LITERALS && zeros < 138 && literals->depths[s + zeros] == 0) zeros++;
    if (zeros >= 3) {
      symbols[count] = zeros <= 10 ? 17 : 18;
      extras[count] = (uint8_t)(zeros <= 10 ? zeros - 3 : zeros - 11);
      s += zeros;
    } else {
      symbols[count] = literals->depths[s++];
      extras[count] = 0;
    }
    weights[symbols[count++]]++;
  }
  symbols[count] = 1;  // the only distance, 1, has a code of one bit
  extras[count] = 0;
  weights[symbols[count++]]++;
  ic_alphabet lengths;
  ic_make_alphabet(weights, CODE_LENGTHS, 7, &lengths);
  ic_put(out, (uint64_t)(last != 0) | 2 << 1, 3);
  ic_put(out, IC_LITERALS - 257, 5);
  ic_put(out, 0, 5);
  ic_put(out, CODE_LENGTHS - 4, 4);
  ic_spill(out);
  for (int i = 0; i < CODE_LENGTHS; i++) {
    ic_put(out, lengths.depths[order[i]], 3);
    ic_spill(out);
  }
  for (int i = 0; i < count; i++) {
    ic_put(out, lengths.codes[symbols[i]], lengths.depths[symbols[i]]);
    ic_put(out, extras[i], symbols[i] == 17 ? 3 : symbols[i] == 18 ? 7 : 0);
    ic_spill(out);
  }
}

void ic_deflate_block(ic_bytes *out, const uint8_t *in, size_t length, int last, int level) {
  // Codes have at most 15 bits, so two bytes per byte of input and a header suffice.
  ic_run *runs = malloc((length / IC_RUN_LEAST + 1) * sizeof *runs);
  if (runs == NULL) out->failed = 1;
  if (runs == NULL || !ic_reserve(out, 2 * length + 1024)) {
    free(runs);
    return;
  }
  length_code lengths[256];
  fill_length_codes(lengths);
  uint32_t weights[IC_LITERALS] = {0};
  size_t found = ic_find_runs(in, length, runs, weights, level);
  for (size_t r = 0; r < found; r++) weights[lengths[runs[r].length - 3].symbol]++;
  weights[IC_END] = 1;
  ic_alphabet literals;
  ic_make_alphabet(weights, IC_LITERALS, 15, &literals);
  put_header(out, &literals, last);
  ic_run_code codes[256];
  for (int i = 0; i < 256; i++) {
    int symbol = lengths[i].symbol, depth = literals.depths[symbol];
    codes[i].bits = literals.codes[symbol] | (uint32_t)(i - lengths[i].base) << depth;
    codes[i].count = depth + lengths[i].extra_bits + 1;
  }
  ic_parted block = {in, length, runs, found};
  ic_put_parts(out, &literals, codes, &block, level);
  ic_put(out, literals.codes[IC_END], literals.depths[IC_END]);
  ic_spill(out);
  free(runs);
}
