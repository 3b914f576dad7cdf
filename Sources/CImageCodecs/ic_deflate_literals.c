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

// Codes of 64 literals: `first` and `second` of the halves of each group of eight, `whole` of
// groups whose codes take at most 64 bits together.
typedef struct {
  __m512i first, second, whole;
  __m512i first_length, length;
} codes_of_64;

typedef struct {
  ic_table depths, low, high;
} code_tables;

// Neighbours are joined in steps: 2 codes to 32 bits, 4 to 64, 8 to 64 where they fit.
IC_VBMI static inline codes_of_64 join_codes(
  const code_tables *tables, __m512i bytes, __mmask64 used) {
  const __m512i zero = _mm512_setzero_si512(), ones = _mm512_set1_epi16(1);
  const __m512i low_16 = _mm512_set1_epi32(0xFFFF), low_32 = _mm512_set1_epi64(0xFFFFFFFF);
  __m512i depths = _mm512_maskz_mov_epi8(used, ic_look_up(&tables->depths, bytes));
  __m512i low = _mm512_maskz_mov_epi8(used, ic_look_up(&tables->low, bytes));
  __m512i high = _mm512_maskz_mov_epi8(used, ic_look_up(&tables->high, bytes));
  __m512i four[2];
  for (int half = 0; half < 2; half++) {
    __m512i code = half ? _mm512_unpackhi_epi8(low, high) : _mm512_unpacklo_epi8(low, high);
    __m512i depth = half ? _mm512_unpackhi_epi8(depths, zero) : _mm512_unpacklo_epi8(depths, zero);
    __m512i odd = _mm512_sllv_epi32(
      _mm512_srli_epi32(code, 16), _mm512_and_si512(depth, low_16));
    __m512i two = _mm512_or_si512(_mm512_and_si512(code, low_16), odd);
    __m512i two_length = _mm512_madd_epi16(depth, ones);
    odd = _mm512_sllv_epi64(
      _mm512_srli_epi64(two, 32), _mm512_and_si512(two_length, low_32));
    four[half] = _mm512_or_si512(_mm512_and_si512(two, low_32), odd);
  }
  codes_of_64 made;
  made.first = _mm512_unpacklo_epi64(four[0], four[1]);
  made.second = _mm512_unpackhi_epi64(four[0], four[1]);
  made.first_length = _mm512_sad_epu8(_mm512_and_si512(depths, low_32), zero);
  made.length = _mm512_sad_epu8(depths, zero);
  made.whole = _mm512_or_si512(made.first, _mm512_sllv_epi64(made.second, made.first_length));
  return made;
}

typedef struct {
  uint64_t bits;
  int pending;
  uint8_t *to;
} bit_place;

// Appends at most 56 bits.
static inline bit_place append(bit_place place, uint64_t code, int length) {
  place.bits |= code << place.pending;
  place.pending += length;
  memcpy(place.to, &place.bits, 8);
  place.to += place.pending >> 3;
  place.bits >>= place.pending & ~7;
  place.pending &= 7;
  return place;
}

enum { WIDEST = 56 };

// Appends the groups of halves, where eight codes or even four may be too many bits at once.
IC_VBMI static bit_place append_halves(
  bit_place place, const codes_of_64 *made, const ic_alphabet *alphabet, const uint8_t *in,
  size_t count) {
  uint64_t first[8], second[8], first_length[8], length[8];
  _mm512_storeu_si512(first, made->first);
  _mm512_storeu_si512(second, made->second);
  _mm512_storeu_si512(first_length, made->first_length);
  _mm512_storeu_si512(length, made->length);
  for (size_t g = 0; g < (count + 7) / 8; g++) {
    uint64_t rest = length[g] - first_length[g];
    if (first_length[g] <= WIDEST && rest <= WIDEST) {
      place = append(place, first[g], (int)first_length[g]);
      place = append(place, second[g], (int)rest);
      continue;
    }
    for (size_t i = 8 * g; i < 8 * g + 8 && i < count; i++)
      place = append(place, alphabet->codes[in[i]], alphabet->depths[in[i]]);
  }
  return place;
}

IC_VBMI static inline bit_place append_64(
  bit_place place, const code_tables *tables, const ic_alphabet *alphabet, const uint8_t *in,
  size_t count) {
  __mmask64 used = ic_first_64((ptrdiff_t)count);
  codes_of_64 made = join_codes(tables, _mm512_maskz_loadu_epi8(used, in), used);
  if (_mm512_cmpgt_epu64_mask(made.length, _mm512_set1_epi64(WIDEST)) != 0)
    return append_halves(place, &made, alphabet, in, count);
  uint64_t whole[8], length[8];
  _mm512_storeu_si512(whole, made.whole);
  _mm512_storeu_si512(length, made.length);
  // Groups without literals have no bits: appending them costs less than a branch.
  size_t groups = count <= 16 ? 2 : (count + 7) / 8;
  for (size_t g = 0; g < groups; g++) place = append(place, whole[g], (int)length[g]);
  return place;
}

IC_VBMI static inline bit_place append_literals(
  bit_place place, const code_tables *tables, const ic_alphabet *alphabet, const uint8_t *in,
  size_t count) {
  for (; count >= 64; in += 64, count -= 64)
    place = append_64(place, tables, alphabet, in, 64);
  return count == 0 ? place : append_64(place, tables, alphabet, in, count);
}

IC_VBMI static void put_vbmi(
  ic_bytes *out, const ic_alphabet *alphabet, const ic_run_code *codes, const ic_parted *block) {
  code_tables tables = {
    ic_load_table(alphabet->depths), ic_load_table(alphabet->low), ic_load_table(alphabet->high)};
  bit_place place = {out->bits, out->pending, out->bytes + out->length};
  size_t at = 0;
  for (size_t r = 0; r < block->run_count; r++) {
    ic_run run = block->runs[r];
    place = append_literals(place, &tables, alphabet, block->bytes + at, run.at - at);
    place = append(place, codes[run.length - 3].bits, codes[run.length - 3].count);
    at = run.at + run.length;
  }
  place = append_literals(place, &tables, alphabet, block->bytes + at, block->length - at);
  out->bits = place.bits;
  out->pending = place.pending;
  out->length = (size_t)(place.to - out->bytes);
}
#endif

void ic_put_parts(
  ic_bytes *out, const ic_alphabet *alphabet, const ic_run_code *codes, const ic_parted *block,
  int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) {
    put_vbmi(out, alphabet, codes, block);
    return;
  }
#endif
  (void)level;
  put_generic(out, alphabet, codes, block);
}
