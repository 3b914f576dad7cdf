#include "ic_deflate.h"

#include <stdlib.h>
#include <string.h>

// Pictures made of smooth colours gain next to nothing from a search for distant matches; what
// counts after the PNG filter are runs and the entropy code.

enum { LITERALS = 286, END = 256, CODE_LENGTHS = 19, RUN_LEAST = 8, RUN_MOST = 258 };

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

// Adds bits and writes whole bytes; the caller has reserved 8 bytes beyond what it writes.
static inline void put(ic_bytes *out, uint64_t value, int count) {
  out->bits |= value << out->pending;
  out->pending += count;
}

static inline void spill(ic_bytes *out) {
  memcpy(out->bytes + out->length, &out->bits, 8);
  out->length += (size_t)(out->pending >> 3);
  out->bits >>= out->pending & ~7;
  out->pending &= 7;
}

void ic_flush_bits(ic_bytes *out) {
  if (!ic_reserve(out, 16)) return;
  out->pending = (out->pending + 7) & ~7;
  spill(out);
}

typedef struct {
  uint32_t weight;
  int16_t left, right;  // children, -1 for a leaf
  int16_t symbol;
} node;

static int by_weight(const void *a, const void *b) {
  const node *x = a, *y = b;
  if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
  return x->symbol - y->symbol;
}

// Depths of a Huffman tree over the used symbols, by merging two sorted queues.
static void huffman_depths(const uint32_t *weights, int count, uint8_t *depths) {
  node nodes[2 * LITERALS];
  uint8_t level[2 * LITERALS];
  int leaves = 0;
  for (int s = 0; s < count; s++) {
    depths[s] = 0;
    if (weights[s] > 0) nodes[leaves++] = (node){weights[s], -1, -1, (int16_t)s};
  }
  if (leaves == 0) return;
  if (leaves == 1) {
    depths[nodes[0].symbol] = 1;
    return;
  }
  qsort(nodes, (size_t)leaves, sizeof *nodes, by_weight);
  int leaf = 0, inner = leaves, end = leaves;
  while (end < 2 * leaves - 1) {
    int16_t pick[2];
    for (int i = 0; i < 2; i++) {
      int from_leaf = leaf < leaves && (inner == end || nodes[leaf].weight <= nodes[inner].weight);
      pick[i] = (int16_t)(from_leaf ? leaf++ : inner++);
    }
    nodes[end++] = (node){nodes[pick[0]].weight + nodes[pick[1]].weight, pick[0], pick[1], -1};
  }
  level[end - 1] = 0;
  for (int n = end - 1; n >= leaves; n--)
    level[nodes[n].left] = level[nodes[n].right] = (uint8_t)(level[n] + 1);
  for (int n = 0; n < leaves; n++) depths[nodes[n].symbol] = level[n];
}

// Shortens codes to `limit` bits while they stay decodable: the rarest shorter codes make room.
static void limit_depths(const uint32_t *weights, int count, int limit, uint8_t *depths) {
  uint32_t used = 0, full = 1u << limit;
  for (int s = 0; s < count; s++) {
    if (depths[s] > limit) depths[s] = (uint8_t)limit;
    if (depths[s] > 0) used += full >> depths[s];
  }
  while (used > full) {
    int rarest = -1;
    for (int s = 0; s < count; s++)
      if (depths[s] > 0 && depths[s] < limit &&
          (rarest < 0 || depths[s] > depths[rarest] ||
           (depths[s] == depths[rarest] && weights[s] < weights[rarest])))
        rarest = s;
    used -= full >> (depths[rarest] + 1);
    depths[rarest]++;
  }
  while (used < full) {
    int best = -1;
    for (int s = 0; s < count; s++)
      if (depths[s] > 1 && full >> depths[s] <= full - used &&
          (best < 0 || weights[s] > weights[best]))
        best = s;
    if (best < 0) return;
    used += full >> depths[best];
    depths[best]--;
  }
}

// Canonical codes, bit-reversed as deflate sends them.
static void assign_codes(const uint8_t *depths, int count, uint16_t *codes) {
  uint16_t first[17] = {0}, population[17] = {0};
  for (int s = 0; s < count; s++) population[depths[s]]++;
  population[0] = 0;
  for (int d = 1; d <= 15; d++) first[d + 1] = (uint16_t)((first[d] + population[d]) << 1);
  for (int s = 0; s < count; s++) {
    if (depths[s] == 0) continue;
    unsigned code = first[depths[s]]++, reversed = 0;
    for (int b = 0; b < depths[s]; b++) reversed |= (code >> b & 1) << (depths[s] - 1 - b);
    codes[s] = (uint16_t)reversed;
  }
}

typedef struct {
  uint8_t depths[LITERALS];
  uint16_t codes[LITERALS];
} alphabet;

static void make_alphabet(const uint32_t *weights, int count, int limit, alphabet *made) {
  huffman_depths(weights, count, made->depths);
  limit_depths(weights, count, limit, made->depths);
  memset(made->codes, 0, sizeof made->codes);
  assign_codes(made->depths, count, made->codes);
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

static inline uint64_t load64(const uint8_t *from) {
  uint64_t value;
  memcpy(&value, from, 8);
  return value;
}

// How many bytes from `at` on equal the one before, at most RUN_MOST.
static inline size_t run_length(const uint8_t *in, size_t at, size_t length) {
  size_t most = length - at < RUN_MOST ? length - at : RUN_MOST;
  size_t run = 0;
  uint64_t same = in[at - 1] * 0x0101010101010101u;
  while (run + 8 <= most) {
    uint64_t difference = load64(in + at + run) ^ same;
    if (difference != 0) return run + (size_t)__builtin_ctzll(difference) / 8;
    run += 8;
  }
  while (run < most && in[at + run] == in[at - 1]) run++;
  return run;
}

// Position and length of a run; the bytes between runs are literals.
typedef struct {
  uint32_t at;
  uint32_t length;
} run;

#if defined(__SSE2__)
#include <emmintrin.h>

// How many of the 64 bytes from `at` on certainly start no run; at least 57 when none does.
static inline size_t bytes_before_run(const uint8_t *in, size_t at) {
  uint64_t equal = 0;
  for (int i = 0; i < 4; i++) {
    __m128i here = _mm_loadu_si128((const __m128i *)(in + at + i * 16));
    __m128i before = _mm_loadu_si128((const __m128i *)(in + at + i * 16 - 1));
    equal |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(here, before)) << (16 * i);
  }
  equal &= equal >> 1;
  equal &= equal >> 2;
  equal &= equal >> 4;
  return equal == 0 ? 64 - RUN_LEAST + 1 : (size_t)__builtin_ctzll(equal);
}
#else
static inline size_t bytes_before_run(const uint8_t *in, size_t at) {
  size_t count = 0;
  while (count < 64 - RUN_LEAST && load64(in + at + count) != load64(in + at + count - 1)) count++;
  return count;
}
#endif

// Four tables, so that equal neighbours do not wait for each other.
static inline void count_literals(const uint8_t *in, size_t count, uint32_t counts[4][256]) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (size_t j = 0; j < 4; j++) counts[j][in[i + j]]++;
  for (; i < count; i++) counts[0][in[i]]++;
}

// Finds the runs of a block and counts its symbols.
static size_t find_runs(
  const uint8_t *in, size_t length, const length_code *lengths, run *runs, uint32_t *weights) {
  uint32_t counts[4][256];
  memset(counts, 0, sizeof counts);
  size_t found = 0, at = 0;
  if (length > 0) counts[0][in[at++]]++;
  while (at + RUN_LEAST <= length) {
    if (at + 64 <= length) {
      size_t literals = bytes_before_run(in, at);
      count_literals(in + at, literals, counts);
      at += literals;
      if (literals > 64 - RUN_LEAST) continue;
    }
    if (load64(in + at) != load64(in + at - 1)) {
      counts[at & 3][in[at]]++;
      at++;
      continue;
    }
    size_t same = run_length(in, at, length);
    runs[found++] = (run){(uint32_t)at, (uint32_t)same};
    weights[lengths[same - 3].symbol]++;
    at += same;
  }
  for (; at < length; at++) counts[0][in[at]]++;
  for (int s = 0; s < 256; s++)
    weights[s] = counts[0][s] + counts[1][s] + counts[2][s] + counts[3][s];
  weights[END] = 1;
  return found;
}

// Sends the code lengths of the literal alphabet, zeros run-length coded, and one distance code.
static void put_header(ic_bytes *out, const alphabet *literals, int last) {
  static const uint8_t order[CODE_LENGTHS] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                              11, 4,  12, 3, 13, 2, 14, 1, 15};
  uint8_t symbols[LITERALS + 1], extras[LITERALS + 1];
  uint32_t weights[CODE_LENGTHS] = {0};
  int count = 0;
  for (int s = 0; s < LITERALS;) {
    int zeros = 0;
    while (s + zeros < LITERALS && zeros < 138 && literals->depths[s + zeros] == 0) zeros++;
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
  alphabet lengths;
  make_alphabet(weights, CODE_LENGTHS, 7, &lengths);
  put(out, (uint64_t)(last != 0) | 2 << 1, 3);
  put(out, LITERALS - 257, 5);
  put(out, 0, 5);
  put(out, CODE_LENGTHS - 4, 4);
  spill(out);
  for (int i = 0; i < CODE_LENGTHS; i++) {
    put(out, lengths.depths[order[i]], 3);
    spill(out);
  }
  for (int i = 0; i < count; i++) {
    put(out, lengths.codes[symbols[i]], lengths.depths[symbols[i]]);
    put(out, extras[i], symbols[i] == 17 ? 3 : symbols[i] == 18 ? 7 : 0);
    spill(out);
  }
}

// `packed` holds code << 8 | depth per literal.
static void put_literals(
  ic_bytes *out, const uint32_t *packed, const uint8_t *in, size_t count) {
  uint64_t bits = out->bits;
  int pending = out->pending;
  uint8_t *to = out->bytes + out->length;
  size_t i = 0;
  for (; i + 3 <= count; i += 3) {
    for (int j = 0; j < 3; j++) {
      uint32_t code = packed[in[i + (size_t)j]];
      bits |= (uint64_t)(code >> 8) << pending;
      pending += code & 255;
    }
    memcpy(to, &bits, 8);
    to += pending >> 3;
    bits >>= pending & ~7;
    pending &= 7;
  }
  out->bits = bits;
  out->pending = pending;
  out->length = (size_t)(to - out->bytes);
  for (; i < count; i++) {
    put(out, packed[in[i]] >> 8, packed[in[i]] & 255);
    spill(out);
  }
}

void ic_deflate_block(ic_bytes *out, const uint8_t *in, size_t length, int last) {
  // Codes have at most 15 bits, so two bytes per byte of input and a header suffice.
  run *runs = malloc((length / RUN_LEAST + 1) * sizeof *runs);
  if (runs == NULL) out->failed = 1;
  if (runs == NULL || !ic_reserve(out, 2 * length + 1024)) {
    free(runs);
    return;
  }
  length_code lengths[256];
  fill_length_codes(lengths);
  uint32_t weights[LITERALS] = {0};
  size_t found = find_runs(in, length, lengths, runs, weights);
  alphabet literals;
  make_alphabet(weights, LITERALS, 15, &literals);
  put_header(out, &literals, last);
  uint32_t packed[256];
  for (int s = 0; s < 256; s++)
    packed[s] = (uint32_t)literals.codes[s] << 8 | literals.depths[s];
  size_t at = 0;
  for (size_t r = 0; r < found; r++) {
    if (runs[r].at > at) put_literals(out, packed, in + at, runs[r].at - at);
    const length_code *code = &lengths[runs[r].length - 3];
    put(out, literals.codes[code->symbol], literals.depths[code->symbol]);
    put(out, runs[r].length - 3 - code->base, code->extra_bits);
    put(out, 0, 1);
    spill(out);
    at = runs[r].at + runs[r].length;
  }
  put_literals(out, packed, in + at, length - at);
  put(out, literals.codes[END], literals.depths[END]);
  spill(out);
  free(runs);
}

uint32_t ic_adler32(uint32_t adler, const uint8_t *in, size_t length) {
  uint32_t low = adler & 0xFFFF, high = adler >> 16;
  while (length > 0) {
    size_t part = length < 4096 ? length : 4096;
    size_t i = 0;
    for (; i + 32 <= part; i += 32) {
      uint32_t sum = 0, weighted = 0;
      for (uint32_t j = 0; j < 32; j++) {
        sum += in[i + j];
        weighted += in[i + j] * (32 - j);
      }
      high += 32 * low + weighted;
      low += sum;
    }
    for (; i < part; i++) {
      low += in[i];
      high += low;
    }
    low %= 65521;
    high %= 65521;
    in += part;
    length -= part;
  }
  return high << 16 | low;
}

void ic_crc_prepare(ic_crc_tables *tables) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
    tables->table[0][byte] = value;
  }
  for (int k = 1; k < 8; k++)
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = tables->table[k - 1][byte];
      tables->table[k][byte] = before >> 8 ^ tables->table[0][before & 255];
    }
}

uint32_t ic_crc32(const ic_crc_tables *tables, const uint8_t *in, size_t length) {
  uint32_t crc = ~0u;
  const uint32_t(*t)[256] = tables->table;
  for (; length >= 8; in += 8, length -= 8) {
    uint64_t word = load64(in) ^ crc;
    crc = 0;
    for (int k = 0; k < 8; k++) crc ^= t[7 - k][word >> (8 * k) & 255];
  }
  for (; length > 0; in++, length--) crc = crc >> 8 ^ t[0][(crc ^ *in) & 255];
  return ~crc;
}
