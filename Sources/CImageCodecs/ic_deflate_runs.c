#include "ic_codecs.h"
#include "ic_deflate_parts.h"
#include "ic_simd.h"

// How many bytes from `at` on equal the one before, at most IC_RUN_MOST.
static inline size_t run_length(const uint8_t *in, size_t at, size_t length) {
  size_t most = length - at < IC_RUN_MOST ? length - at : IC_RUN_MOST;
  size_t run = 0;
  uint64_t same = in[at - 1] * 0x0101010101010101u;
  while (run + 8 <= most) {
    uint64_t difference = ic_load64(in + at + run) ^ same;
    if (difference != 0) return run + (size_t)__builtin_ctzll(difference) / 8;
    run += 8;
  }
  while (run < most && in[at + run] == in[at - 1]) run++;
  return run;
}

// How many bytes from `at` on certainly start no run; 57 or more of 64 when none does.
static inline size_t bytes_before_run(const uint8_t *in, size_t at) {
#if defined(__SSE2__)
  uint64_t equal = 0;
  for (int i = 0; i < 4; i++) {
    __m128i here = _mm_loadu_si128((const __m128i *)(in + at + i * 16));
    __m128i before = _mm_loadu_si128((const __m128i *)(in + at + i * 16 - 1));
    equal |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(here, before)) << (16 * i);
  }
  equal &= equal >> 1;
  equal &= equal >> 2;
  equal &= equal >> 4;
  return equal == 0 ? 64 - IC_RUN_LEAST + 1 : (size_t)__builtin_ctzll(equal);
#else
  size_t count = 0;
  while (count < 64 - IC_RUN_LEAST && ic_load64(in + at + count) != ic_load64(in + at + count - 1))
    count++;
  return count;
#endif
}

static size_t find_generic(const uint8_t *in, size_t length, ic_run *runs) {
  size_t found = 0, at = 1;
  while (at + IC_RUN_LEAST <= length) {
    if (at + 64 <= length) {
      size_t literals = bytes_before_run(in, at);
      at += literals;
      if (literals > 64 - IC_RUN_LEAST) continue;
    }
    if (ic_load64(in + at) != ic_load64(in + at - 1)) {
      at++;
      continue;
    }
    size_t same = run_length(in, at, length);
    runs[found++] = (ic_run){(uint32_t)at, (uint32_t)same};
    at += same;
  }
  return found;
}

// Four tables, so that equal neighbours do not wait for each other.
static void count_generic(const uint8_t *in, size_t count, uint32_t counts[4][256]) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (size_t j = 0; j < 4; j++) counts[j][in[i + j]]++;
  for (; i < count; i++) counts[0][in[i]]++;
}

#if defined(__x86_64__)

// The bytes from `at` on, at most 64, that equal the one before.
IC_AVX512 static inline uint64_t equal_to_previous(const uint8_t *in, size_t at, size_t length) {
  __mmask64 inside = ic_first_64((ptrdiff_t)(length - at));
  return _mm512_mask_cmpeq_epi8_mask(
    inside, _mm512_maskz_loadu_epi8(inside, in + at),
    _mm512_maskz_loadu_epi8(inside, in + at - 1));
}

IC_AVX512 static size_t find_avx512(const uint8_t *in, size_t length, ic_run *runs) {
  size_t found = 0, at = 1;
  while (at + IC_RUN_LEAST <= length) {
    uint64_t equal = equal_to_previous(in, at, length);
    uint64_t start = equal & equal >> 1;
    if (start != 0) {
      start &= start >> 2;
      start &= start >> 4;
    }
    if (start == 0) {
      at += 64 - IC_RUN_LEAST + 1;
      continue;
    }
    int first = __builtin_ctzll(start);
    at += (size_t)first;
    uint64_t other = ~(equal >> first);
    size_t same = other == 0 ? 64 : (size_t)__builtin_ctzll(other);
    if (same + (size_t)first == 64) same += run_length(in, at + same, length);
    if (same > IC_RUN_MOST) same = IC_RUN_MOST;
    runs[found++] = (ic_run){(uint32_t)at, (uint32_t)same};
    at += same;
  }
  return found;
}

// Of each bit in the words from `bits` on leaves those whose bit `by` places higher is set too; the
// word behind the last ends nothing that counts.
IC_VBMI static inline void narrow(uint64_t *bits, size_t words, const int by) {
  for (size_t w = 0; w < words; w += 8) {
    __m512i here = _mm512_loadu_si512(bits + w), next = _mm512_loadu_si512(bits + w + 1);
    __m512i shifted = by == 1   ? _mm512_shrdi_epi64(here, next, 1)
                      : by == 2 ? _mm512_shrdi_epi64(here, next, 2)
                                : _mm512_shrdi_epi64(here, next, 4);
    _mm512_storeu_si512(bits + w, _mm512_and_si512(here, shifted));
  }
}

// Lists the places of at most eight bits of a word, and returns their number.
IC_VBMI static inline size_t list_bits(uint64_t bits, size_t at, __m512i places, uint32_t *to) {
  __m128i listed = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(bits, places));
  __m256i first = _mm256_set1_epi32((int32_t)at);
  _mm256_storeu_si256((__m256i *)to, _mm256_add_epi32(first, _mm256_cvtepu8_epi32(listed)));
  return (size_t)_mm_popcnt_u64(bits);
}

#define PLACES_8(p) p, p + 1, p + 2, p + 3, p + 4, p + 5, p + 6, p + 7
static const uint8_t places_of_64[64] = {PLACES_8(0),  PLACES_8(8),  PLACES_8(16), PLACES_8(24),
                                         PLACES_8(32), PLACES_8(40), PLACES_8(48), PLACES_8(56)};

// Without branches for single runs: bits tell which bytes equal the one before, narrowing leaves
// those that eight such begin with, and the first and the last of them are listed.
IC_VBMI static size_t find_vbmi(const uint8_t *in, size_t length, ic_run *runs) {
  enum { WORDS = 64 };
  const __m512i places = _mm512_loadu_si512(places_of_64);
  uint64_t bits[WORDS + 18] = {0};  // one word before and some behind
  uint32_t starts[8 * WORDS + 9], ends[8 * WORDS + 8];
  size_t found = 0, open = 0;
  for (size_t base = 0; base < length; base += 64 * WORDS) {
    for (size_t w = 0; w <= WORDS; w++) {
      size_t at = base + 64 * w;
      __mmask64 inside = at < length ? ic_first_64((ptrdiff_t)(length - at)) : 0;
      if (at == 0) inside &= ~(__mmask64)1;
      bits[w + 1] = _mm512_mask_cmpeq_epi8_mask(
        inside, _mm512_maskz_loadu_epi8(inside, in + at),
        _mm512_maskz_loadu_epi8(inside, in + at - 1));
    }
    for (size_t w = WORDS + 2; w < WORDS + 18; w++) bits[w] = 0;
    narrow(bits + 1, WORDS + 1, 1);
    narrow(bits + 1, WORDS + 1, 2);
    narrow(bits + 1, WORDS + 1, 4);
    size_t started = open, ended = 0;
    for (size_t w = 0; w < WORDS; w += 8) {
      __m512i here = _mm512_loadu_si512(bits + w + 1);
      __m512i before = _mm512_shldi_epi64(here, _mm512_loadu_si512(bits + w), 1);
      if (_mm512_test_epi64_mask(_mm512_or_si512(here, before), _mm512_set1_epi64(-1)) == 0)
        continue;
      uint64_t first[8], behind[8];
      _mm512_storeu_si512(first, _mm512_andnot_si512(before, here));
      _mm512_storeu_si512(behind, _mm512_andnot_si512(here, before));
      for (size_t i = 0; i < 8; i++) {
        size_t at = base + 64 * (w + i);
        started += list_bits(first[i], at, places, starts + started);
        ended += list_bits(behind[i], at, places, ends + ended);
      }
    }
    bits[0] = bits[WORDS];
    for (size_t r = 0; r < ended; r++) {
      uint32_t at = starts[r], left = ends[r] - at + IC_RUN_LEAST - 1;
      while (left >= IC_RUN_LEAST) {
        uint32_t part = left < IC_RUN_MOST ? left : IC_RUN_MOST;
        runs[found++] = (ic_run){at, part};
        at += part;
        left -= part;
      }
    }
    open = started - ended;
    if (open > 0) starts[0] = starts[ended];
  }
  return found;
}

// Counts the bytes near zero by comparing and only the others one by one: of filtered photos most
// bytes are small differences. After a part with few of them the rest goes the ordinary way.
IC_VBMI static void count_vbmi(const uint8_t *in, size_t count, uint32_t counts[4][256]) {
  enum { NEAR = 12, PART = 64 * 64 };
  const __m512i one = _mm512_set1_epi8(1), offset = _mm512_set1_epi8(NEAR / 2);
  uint8_t others[PART + 64];
  size_t part = 0;
  int most_are_near = 1;
  while (count - part >= 64 && most_are_near) {
    size_t end = count - part < PART ? part + ((count - part) & ~(size_t)63) : part + PART;
    __m512i near[NEAR];
    for (int k = 0; k < NEAR; k++) near[k] = _mm512_setzero_si512();
    uint8_t *to = others;
    for (size_t i = part; i < end; i += 64) {
      __m512i bytes = _mm512_add_epi8(_mm512_loadu_si512(in + i), offset);
      for (int k = 0; k < NEAR; k++) {
        __mmask64 equal = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)k));
        near[k] = _mm512_mask_add_epi8(near[k], equal, near[k], one);
      }
      __mmask64 far = _mm512_cmpge_epu8_mask(bytes, _mm512_set1_epi8(NEAR));
      _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(far, _mm512_sub_epi8(bytes, offset)));
      to += _mm_popcnt_u64(far);
    }
    for (int k = 0; k < NEAR; k++)
      counts[0][(k - NEAR / 2) & 255] += (uint32_t)_mm512_reduce_add_epi64(
        _mm512_sad_epu8(near[k], _mm512_setzero_si512()));
    count_generic(others, (size_t)(to - others), counts);
    most_are_near = (size_t)(to - others) <= (end - part) / 4 * 3;
    part = end;
  }
  count_generic(in + part, count - part, counts);
}

#endif

static size_t find_runs(const uint8_t *in, size_t length, ic_run *runs, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) return find_vbmi(in, length, runs);
  if (level >= IC_LEVEL_AVX512) return find_avx512(in, length, runs);
#endif
  (void)level;
  return find_generic(in, length, runs);
}

static void count_bytes(const uint8_t *in, size_t count, uint32_t counts[4][256], int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) {
    count_vbmi(in, count, counts);
    return;
  }
#endif
  (void)level;
  count_generic(in, count, counts);
}

size_t ic_find_runs(
  const uint8_t *in, size_t length, ic_run *runs, uint32_t *counts, int level) {
  uint32_t tables[4][256];
  memset(tables, 0, sizeof tables);
  count_bytes(in, length, tables, level);
  for (int s = 0; s < 256; s++)
    counts[s] = tables[0][s] + tables[1][s] + tables[2][s] + tables[3][s];
  size_t found = find_runs(in, length, runs, level);
  for (size_t r = 0; r < found; r++) counts[in[runs[r].at]] -= runs[r].length;
  return found;
}
