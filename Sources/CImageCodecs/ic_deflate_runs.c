#include "ic_codecs.h"
#include "ic_deflate_parts.h"
#include "ic_simd.h"

// Runs are found without a branch for each: bits tell which bytes equal the one before, narrowing
// leaves those that eight such begin with, and the first and the last of them are listed.

enum { WORDS = 64, LISTED = 8 };  // words of bits at a time; at most so many runs begin in a word

static inline uint64_t equal_bytes(const uint8_t *in, size_t at, size_t length) {
  uint64_t bits = 0;
  for (size_t i = at == 0; i < 64 && at + i < length; i++)
    bits |= (uint64_t)(in[at + i] == in[at + i - 1]) << i;
  return bits;
}

// Which of 64 bytes from `at` on equal the one before; byte 0 equals none.
static inline uint64_t equal_generic(const uint8_t *in, size_t at, size_t length) {
  if (at == 0 || at + 64 > length) return equal_bytes(in, at, length);
  uint64_t bits = 0;
#if defined(__SSE2__)
  for (int i = 0; i < 4; i++) {
    __m128i here = _mm_loadu_si128((const __m128i *)(in + at + i * 16));
    __m128i before = _mm_loadu_si128((const __m128i *)(in + at + i * 16 - 1));
    bits |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(here, before)) << (16 * i);
  }
#else
  const uint64_t low = 0x7F7F7F7F7F7F7F7F;
  for (size_t i = 0; i < 8; i++) {
    uint64_t word = ic_load64(in + at + 8 * i) ^ ic_load64(in + at + 8 * i - 1);
    uint64_t zeros = ~(((word & low) + low) | word | low) >> 7;
    bits |= (zeros * 0x0102040810204080 >> 56) << (8 * i);
  }
#endif
  return bits;
}

static void compare_generic(const uint8_t *in, size_t base, size_t length, uint64_t *bits) {
  for (size_t w = 0; w <= WORDS; w++) bits[w] = equal_generic(in, base + 64 * w, length);
}

// Lists the places of set bits, and returns their number.
static size_t list_generic(const uint64_t *words, size_t base, uint32_t *to) {
  size_t count = 0;
  for (size_t w = 0; w < 8; w++)
    for (uint64_t bits = words[w]; bits != 0; bits &= bits - 1)
      to[count++] = (uint32_t)(base + 64 * w + (size_t)__builtin_ctzll(bits));
  return count;
}

// Four tables, so that equal neighbours do not wait for each other.
static void count_generic(const uint8_t *in, size_t count, uint32_t counts[4][256]) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (size_t j = 0; j < 4; j++) counts[j][in[i + j]]++;
  for (; i < count; i++) counts[0][in[i]]++;
}

#if defined(__x86_64__)

IC_AVX512 static void compare_avx512(
  const uint8_t *in, size_t base, size_t length, uint64_t *bits) {
  for (size_t w = 0; w <= WORDS; w++) {
    size_t at = base + 64 * w;
    __mmask64 inside = at < length ? ic_first_64((ptrdiff_t)(length - at)) : 0;
    if (at == 0) inside &= ~(__mmask64)1;
    bits[w] = _mm512_mask_cmpeq_epi8_mask(
      inside, _mm512_maskz_loadu_epi8(inside, in + at),
      _mm512_maskz_loadu_epi8(inside, in + at - 1));
  }
}

#define PLACES_8(p) p, p + 1, p + 2, p + 3, p + 4, p + 5, p + 6, p + 7
static const uint8_t places_of_64[64] = {PLACES_8(0),  PLACES_8(8),  PLACES_8(16), PLACES_8(24),
                                         PLACES_8(32), PLACES_8(40), PLACES_8(48), PLACES_8(56)};

IC_VBMI static size_t list_vbmi(const uint64_t *words, size_t base, uint32_t *to) {
  const __m512i places = _mm512_loadu_si512(places_of_64);
  size_t count = 0;
  for (size_t w = 0; w < 8; w++) {
    __m128i listed = _mm512_castsi512_si128(_mm512_maskz_compress_epi8(words[w], places));
    __m256i first = _mm256_set1_epi32((int32_t)(base + 64 * w));
    _mm256_storeu_si256(
      (__m256i *)(to + count), _mm256_add_epi32(first, _mm256_cvtepu8_epi32(listed)));
    count += (size_t)_mm_popcnt_u64(words[w]);
  }
  return count;
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

static inline void compare(
  const uint8_t *in, size_t base, size_t length, uint64_t *bits, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_AVX512) {
    compare_avx512(in, base, length, bits);
    return;
  }
#endif
  (void)level;
  compare_generic(in, base, length, bits);
}

static inline size_t list_bits(const uint64_t *words, size_t base, uint32_t *to, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) return list_vbmi(words, base, to);
#endif
  (void)level;
  return list_generic(words, base, to);
}

// Leaves bits whose bit `by` places higher is set too.
static inline void narrow(uint64_t *bits, const int by) {
  for (size_t w = 0; w <= WORDS; w++) bits[w] &= bits[w] >> by | bits[w + 1] << (64 - by);
}

// Adds the run from `at` to `end`, in parts of at most IC_RUN_MOST; a short rest is literals.
static inline size_t add_run(ic_run *runs, size_t found, uint32_t at, uint32_t end) {
  for (uint32_t left = end - at; left >= IC_RUN_LEAST;) {
    uint32_t part = left < IC_RUN_MOST ? left : IC_RUN_MOST;
    runs[found++] = (ic_run){at, part};
    at += part;
    left -= part;
  }
  return found;
}

static inline __attribute__((always_inline)) size_t find_runs(
  const uint8_t *in, size_t length, ic_run *runs, int level) {
  uint64_t bits[WORDS + 3] = {0};  // a word before and two behind
  uint32_t starts[LISTED * WORDS + 9], ends[LISTED * WORDS + 8];
  size_t found = 0, open = 0;
  for (size_t base = 0; base < length; base += 64 * WORDS) {
    compare(in, base, length, bits + 1, level);
    narrow(bits + 1, 1);
    narrow(bits + 1, 2);
    narrow(bits + 1, 4);
    size_t started = open, ended = 0;
    for (size_t w = 0; w < WORDS; w += 8) {
      uint64_t first[8], behind[8], any = 0;
      for (size_t i = 0; i < 8; i++) {
        uint64_t here = bits[w + i + 1], before = here << 1 | bits[w + i] >> 63;
        first[i] = here & ~before;
        behind[i] = before & ~here;
        any |= here | before;
      }
      if (any == 0) continue;
      started += list_bits(first, base + 64 * w, starts + started, level);
      ended += list_bits(behind, base + 64 * w, ends + ended, level);
    }
    bits[0] = bits[WORDS];
    for (size_t r = 0; r < ended; r++)
      found = add_run(runs, found, starts[r], ends[r] + IC_RUN_LEAST - 1);
    open = started - ended;
    if (open > 0) starts[0] = starts[ended];
  }
  return found;
}

#if defined(__x86_64__)
// The same, compiled for the vectors that it may use.
IC_VBMI static size_t find_runs_vbmi(const uint8_t *in, size_t length, ic_run *runs) {
  return find_runs(in, length, runs, IC_LEVEL_VBMI);
}
#endif

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

// Counts the literals: all bytes but those of runs, or, where runs prevail, the bytes between them.
static void count_literals(
  const uint8_t *in, size_t length, const ic_run *runs, size_t found, uint32_t *counts,
  int level) {
  uint32_t tables[4][256];
  memset(tables, 0, sizeof tables);
  size_t at = 0;
  int between = ic_literal_count(length, runs, found) < length / (level >= IC_LEVEL_VBMI ? 8 : 2);
  for (size_t r = 0; r < found && between; r++) {
    count_generic(in + at, runs[r].at - at, tables);
    at = runs[r].at + runs[r].length;
  }
  count_bytes(in + at, length - at, tables, level);
  for (int s = 0; s < 256; s++)
    counts[s] = tables[0][s] + tables[1][s] + tables[2][s] + tables[3][s];
  for (size_t r = 0; r < found && !between; r++) counts[in[runs[r].at]] -= runs[r].length;
}

size_t ic_find_runs(
  const uint8_t *in, size_t length, ic_run *runs, uint32_t *counts, int level) {
  size_t found;
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI)
    found = find_runs_vbmi(in, length, runs);
  else
#endif
    found = find_runs(in, length, runs, level);
  count_literals(in, length, runs, found, counts, level);
  return found;
}
