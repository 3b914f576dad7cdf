#include <stdlib.h>

#include "ic_codecs.h"
#include "ic_deflate_parts.h"
#include "ic_simd.h"

// Sums of at most 63 bits are gathered before whole bytes are written: four codes of up to 14 bits
// behind up to 7 bits that wait, or three of 15.
static inline void put_groups(
  ic_bytes *out, const ic_alphabet *alphabet, const uint8_t *in, size_t count, size_t group) {
  uint64_t bits = out->bits;
  int pending = out->pending;
  uint8_t *to = out->bytes + out->length;
  size_t i = 0;
  for (; i + group <= count; i += group) {
    for (size_t j = 0; j < group; j++) {
      bits |= (uint64_t)alphabet->codes[in[i + j]] << pending;
      pending += alphabet->depths[in[i + j]];
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
    ic_put(out, alphabet->codes[in[i]], alphabet->depths[in[i]]);
    ic_spill(out);
  }
}

static void put_literals(
  ic_bytes *out, const ic_alphabet *alphabet, const uint8_t *in, size_t count) {
  if (alphabet->longest <= 14)
    put_groups(out, alphabet, in, count, 4);
  else
    put_groups(out, alphabet, in, count, 3);
}

static void put_generic(
  ic_bytes *out, const ic_alphabet *alphabet, const ic_run_code *codes, const ic_parted *block) {
  size_t at = 0;
  for (size_t r = 0; r < block->run_count; r++) {
    ic_run run = block->runs[r];
    if (run.at > at) put_literals(out, alphabet, block->bytes + at, run.at - at);
    ic_put(out, codes[run.length - 3].bits, codes[run.length - 3].count);
    ic_spill(out);
    at = run.at + run.length;
  }
  put_literals(out, alphabet, block->bytes + at, block->length - at);
}

#if defined(__x86_64__)

// Every byte of a block has a code of at most 15 bits here: literals their own, the first bytes of
// a run up to 8 bits each of the code of the run, its other bytes one of no bits. So 64 bytes at a
// time go through the same steps, whatever they are.

// Where runs lie. `codes` and `counts` hold, three for each run, what its first bytes stand for.
typedef struct {
  uint64_t *covered, *coded;  // a bit for each byte: part of a run, one of its first three
  uint8_t *codes, *counts;
} run_map;

// Sets bits `at`..<`at` + `count`, count at least 1.
static inline void set_bits(uint64_t *map, size_t at, size_t count) {
  for (; count > 64; at += 64, count -= 64) {
    map[at / 64] |= ~(uint64_t)0 << at % 64;
    if (at % 64 > 0) map[at / 64 + 1] |= ~(uint64_t)0 >> (64 - at % 64);
  }
  uint64_t ones = ~(uint64_t)0 >> (64 - count);
  map[at / 64] |= ones << at % 64;
  map[at / 64 + 1] |= ones >> 1 >> (63 - at % 64);
}

static void map_runs(const run_map *map, const ic_run_code *codes, const ic_parted *block) {
  for (size_t r = 0; r < block->run_count; r++) {
    ic_run run = block->runs[r];
    const ic_run_code *code = &codes[run.length - 3];
    set_bits(map->covered, run.at, run.length);
    set_bits(map->coded, run.at, 3);
    uint32_t second = code->count <= 8 ? 0 : code->count <= 16 ? code->count - 8u : 8;
    uint32_t counts = (code->count <= 8 ? (uint32_t)code->count : 8) | second << 8 |
                      (code->count <= 16 ? 0 : code->count - 16u) << 16;
    memcpy(map->codes + 3 * r, &code->bits, 4);
    memcpy(map->counts + 3 * r, &counts, 4);
  }
}

// The codes of 64 bytes: two bytes of the code and the number of its bits.
typedef struct {
  __m512i low, high, depth;
} byte_codes;

// Codes joined in groups of eight: the halves of each group, and all of it where that is at most
// 64 bits.
typedef struct {
  __m512i first, second, whole;
  __m512i first_length, length;
} joined_codes;

// Neighbours are joined in steps: 2 codes to 32 bits, 4 to 64, 8 to 64 where they fit.
IC_VBMI static inline joined_codes join(byte_codes codes) {
  const __m512i zero = _mm512_setzero_si512(), ones = _mm512_set1_epi16(1);
  const __m512i low_16 = _mm512_set1_epi32(0xFFFF), low_32 = _mm512_set1_epi64(0xFFFFFFFF);
  __m512i four[2];
  for (int half = 0; half < 2; half++) {
    __m512i code = half ? _mm512_unpackhi_epi8(codes.low, codes.high)
                        : _mm512_unpacklo_epi8(codes.low, codes.high);
    __m512i depth = half ? _mm512_unpackhi_epi8(codes.depth, zero)
                         : _mm512_unpacklo_epi8(codes.depth, zero);
    __m512i odd = _mm512_sllv_epi32(
      _mm512_srli_epi32(code, 16), _mm512_and_si512(depth, low_16));
    __m512i two = _mm512_or_si512(_mm512_and_si512(code, low_16), odd);
    __m512i two_length = _mm512_madd_epi16(depth, ones);
    odd = _mm512_sllv_epi64(
      _mm512_srli_epi64(two, 32), _mm512_and_si512(two_length, low_32));
    four[half] = _mm512_or_si512(_mm512_and_si512(two, low_32), odd);
  }
  joined_codes made;
  made.first = _mm512_unpacklo_epi64(four[0], four[1]);
  made.second = _mm512_unpackhi_epi64(four[0], four[1]);
  made.first_length = _mm512_sad_epu8(_mm512_and_si512(codes.depth, low_32), zero);
  made.length = _mm512_sad_epu8(codes.depth, zero);
  made.whole = _mm512_or_si512(made.first, _mm512_sllv_epi64(made.second, made.first_length));
  return made;
}

enum { WIDEST = 56, BATCH = 8 };

typedef struct {
  uint64_t bits;
  int pending;
  uint8_t *to;
} bit_place;

// Appends at most WIDEST bits: up to 7 wait.
static inline bit_place append(bit_place place, uint64_t code, int length) {
  place.bits |= code << place.pending;
  place.pending += length;
  memcpy(place.to, &place.bits, 8);
  place.to += place.pending >> 3;
  place.bits >>= place.pending & ~7;
  place.pending &= 7;
  return place;
}

// Appends four codes, which may be 60 bits.
static inline bit_place append_half(bit_place place, uint64_t code, int length) {
  if (length <= WIDEST) return append(place, code, length);
  return append(append(place, code & 0xFFFFFFFF, 32), code >> 32, length - 32);
}

// The joined codes of 64 bytes. Several such are made before their bits are appended, so that a
// branch taken wrongly there does not hold up the vectors.
typedef struct {
  uint64_t whole[8], length[8], first[8], second[8], first_length[8];
  uint64_t too_long;  // a bit for each group of more than WIDEST bits
} window;

typedef struct {
  ic_table depths, lows, highs;
} code_tables;

// Joins the codes of the bytes from `at` on, and returns how many of `map->codes` were used.
IC_VBMI static inline size_t join_window(
  window *joined, const code_tables *tables, const run_map *map, size_t coded, const uint8_t *in,
  size_t at, size_t length) {
  uint64_t inside = ic_first_64((ptrdiff_t)(length - at));
  uint64_t starting = map->coded[at / 64], literal = inside & ~map->covered[at / 64];
  __m512i bytes = _mm512_maskz_loadu_epi8(inside, in + at);
  byte_codes codes;
  codes.low = _mm512_mask_mov_epi8(
    _mm512_maskz_expand_epi8(starting, _mm512_loadu_si512(map->codes + coded)), literal,
    ic_look_up(&tables->lows, bytes));
  codes.high = _mm512_maskz_mov_epi8(literal, ic_look_up(&tables->highs, bytes));
  codes.depth = _mm512_mask_mov_epi8(
    _mm512_maskz_expand_epi8(starting, _mm512_loadu_si512(map->counts + coded)), literal,
    ic_look_up(&tables->depths, bytes));
  joined_codes made = join(codes);
  _mm512_storeu_si512(joined->whole, made.whole);
  _mm512_storeu_si512(joined->length, made.length);
  _mm512_storeu_si512(joined->first, made.first);
  _mm512_storeu_si512(joined->second, made.second);
  _mm512_storeu_si512(joined->first_length, made.first_length);
  joined->too_long = _mm512_cmpgt_epu64_mask(made.length, _mm512_set1_epi64(WIDEST));
  return (size_t)_mm_popcnt_u64(starting);
}

static inline bit_place append_window(bit_place place, const window *joined) {
  if (joined->too_long == 0) {
    for (int g = 0; g < 8; g++) place = append(place, joined->whole[g], (int)joined->length[g]);
    return place;
  }
  for (int g = 0; g < 8; g++) {
    int first = (int)joined->first_length[g], second = (int)joined->length[g] - first;
    place = append_half(place, joined->first[g], first);
    place = append_half(place, joined->second[g], second);
  }
  return place;
}

IC_VBMI static void put_mapped(
  ic_bytes *out, const ic_alphabet *alphabet, const run_map *map, const uint8_t *in,
  size_t length) {
  const code_tables tables = {
    ic_load_table(alphabet->depths), ic_load_table(alphabet->low), ic_load_table(alphabet->high)};
  bit_place place = {out->bits, out->pending, out->bytes + out->length};
  window windows[BATCH];
  size_t coded = 0;
  for (size_t i = 0; i < length;) {
    int count = 0;
    for (; count < BATCH && i < length; i += 64) {
      if (map->covered[i / 64] == ~(uint64_t)0 && map->coded[i / 64] == 0) continue;
      coded += join_window(&windows[count++], &tables, map, coded, in, i, length);
    }
    for (int w = 0; w < count; w++) place = append_window(place, &windows[w]);
  }
  out->bits = place.bits;
  out->pending = place.pending;
  out->length = (size_t)(place.to - out->bytes);
}

// Whether less than an eighth is literals: then one step for a run costs less than those of its bytes.
static int runs_prevail(const ic_parted *block) {
  return ic_literal_count(block->length, block->runs, block->run_count) < block->length / 8;
}

// 0 without memory.
static int put_vbmi(
  ic_bytes *out, const ic_alphabet *alphabet, const ic_run_code *codes, const ic_parted *block) {
  size_t words = block->length / 64 + 2, bytes = 3 * block->run_count + 64;
  uint64_t *memory = calloc(1, 2 * words * sizeof *memory + 2 * bytes);
  if (memory == NULL) return 0;
  uint8_t *behind = (uint8_t *)(memory + 2 * words);
  run_map map = {memory, memory + words, behind, behind + bytes};
  map_runs(&map, codes, block);
  put_mapped(out, alphabet, &map, block->bytes, block->length);
  free(memory);
  return 1;
}
#endif

void ic_put_parts(
  ic_bytes *out, const ic_alphabet *alphabet, const ic_run_code *codes, const ic_parted *block,
  int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI && !runs_prevail(block) && put_vbmi(out, alphabet, codes, block))
    return;
#endif
  (void)level;
  put_generic(out, alphabet, codes, block);
}
