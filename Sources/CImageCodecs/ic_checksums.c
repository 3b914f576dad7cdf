#include "ic_checksums.h"

#include <string.h>

#include "ic_codecs.h"
#include "ic_simd.h"

enum { MODULUS = 65521 };

static uint32_t adler_generic(uint32_t adler, const uint8_t *in, size_t length) {
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
    low %= MODULUS;
    high %= MODULUS;
    in += part;
    length -= part;
  }
  return high << 16 | low;
}

static uint32_t crc_generic(
  const ic_crc_tables *tables, uint32_t crc, const uint8_t *in, size_t length) {
  const uint32_t(*t)[256] = tables->table;
  for (; length >= 8; in += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, in, 8);
    word ^= crc;
    crc = 0;
    for (int k = 0; k < 8; k++) crc ^= t[7 - k][word >> (8 * k) & 255];
  }
  for (; length > 0; in++, length--) crc = crc >> 8 ^ t[0][(crc ^ *in) & 255];
  return crc;
}

#if defined(__x86_64__)

// The weights of a step's bytes: what a byte adds to the high sum from its place to the step's end.
static const uint8_t weights[64] = {64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52,
                                    51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39,
                                    38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26,
                                    25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13,
                                    12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1};

// Sums of whole steps; after 5,504 bytes at most the sums are reduced, before they could overflow.
IC_AVX2 static uint32_t adler_avx2(uint32_t adler, const uint8_t *in, size_t length) {
  const __m256i weight = _mm256_loadu_si256((const __m256i *)(weights + 32));
  const __m256i one = _mm256_set1_epi16(1), zero = _mm256_setzero_si256();
  uint64_t low = adler & 0xFFFF, high = adler >> 16;
  while (length >= 32) {
    size_t part = length < 5504 ? length & ~(size_t)31 : 5504;
    __m256i sum = zero, before = zero, weighted = zero;
    for (size_t i = 0; i < part; i += 32) {
      __m256i bytes = _mm256_loadu_si256((const __m256i *)(in + i));
      before = _mm256_add_epi64(before, sum);
      sum = _mm256_add_epi64(sum, _mm256_sad_epu8(bytes, zero));
      weighted = _mm256_add_epi32(
        weighted, _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, weight), one));
    }
    uint64_t s[4], b[4];
    uint32_t w[8];
    _mm256_storeu_si256((__m256i *)s, sum);
    _mm256_storeu_si256((__m256i *)b, before);
    _mm256_storeu_si256((__m256i *)w, weighted);
    high += low * part + 32 * (b[0] + b[1] + b[2] + b[3]);
    for (int i = 0; i < 8; i++) high += w[i];
    low = (low + s[0] + s[1] + s[2] + s[3]) % MODULUS;
    high %= MODULUS;
    in += part;
    length -= part;
  }
  return adler_generic((uint32_t)(high << 16 | low), in, length);
}

IC_VBMI static uint32_t adler_vnni(uint32_t adler, const uint8_t *in, size_t length) {
  const __m512i weight = _mm512_loadu_si512(weights), zero = _mm512_setzero_si512();
  uint64_t low = adler & 0xFFFF, high = adler >> 16;
  while (length >= 64) {
    size_t part = length < 5504 ? length & ~(size_t)63 : 5504;
    __m512i sum = zero, before = zero, weighted = zero;
    for (size_t i = 0; i < part; i += 64) {
      __m512i bytes = _mm512_loadu_si512(in + i);
      before = _mm512_add_epi64(before, sum);
      sum = _mm512_add_epi64(sum, _mm512_sad_epu8(bytes, zero));
      weighted = _mm512_dpbusd_epi32(weighted, bytes, weight);
    }
    high += low * part + 64 * (uint64_t)_mm512_reduce_add_epi64(before) +
            (uint32_t)_mm512_reduce_add_epi32(weighted);
    low = (low + (uint64_t)_mm512_reduce_add_epi64(sum)) % MODULUS;
    high %= MODULUS;
    in += part;
    length -= part;
  }
  return adler_generic((uint32_t)(high << 16 | low), in, length);
}

// Folding: what lies n bits before other bytes is replaced by a remainder that is added to them.
// The factors are x^(n+32) and x^(n-32) modulo the polynomial, reflected and shifted by one.
typedef struct {
  int64_t low, high;
} factors;

static const factors by_128 = {0x1751997d0, 0x0ccaa009e};
static const factors by_512 = {0x154442bd4, 0x1c6e41596};
static const factors by_2048 = {0x11542778a, 0x1322d1430};

IC_AVX2 static inline __m128i fold(__m128i value, factors by, __m128i onto) {
  const __m128i k = _mm_set_epi64x(by.high, by.low);
  return _mm_xor_si128(
    onto, _mm_xor_si128(
            _mm_clmulepi64_si128(value, k, 0x00), _mm_clmulepi64_si128(value, k, 0x11)));
}

IC_AVX2 static inline __m128i load_128(const uint8_t *from) {
  return _mm_loadu_si128((const __m128i *)from);
}

// Folds the rest of the bytes onto `value`, which stands for the 16 before them.
IC_AVX2 static uint32_t crc_end(
  const ic_crc_tables *tables, __m128i value, const uint8_t *in, size_t length) {
  for (; length >= 16; in += 16, length -= 16) value = fold(value, by_128, load_128(in));
  uint8_t last[16];
  _mm_storeu_si128((__m128i *)last, value);
  return crc_generic(tables, crc_generic(tables, 0, last, sizeof last), in, length);
}

IC_AVX2 static uint32_t crc_pclmul(
  const ic_crc_tables *tables, uint32_t crc, const uint8_t *in, size_t length) {
  if (length < 64) return crc_generic(tables, crc, in, length);
  __m128i x[4];
  for (int i = 0; i < 4; i++) x[i] = load_128(in + 16 * i);
  x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int32_t)crc));
  for (in += 64, length -= 64; length >= 64; in += 64, length -= 64)
    for (int i = 0; i < 4; i++) x[i] = fold(x[i], by_512, load_128(in + 16 * i));
  for (int i = 1; i < 4; i++) x[i] = fold(x[i - 1], by_128, x[i]);
  return crc_end(tables, x[3], in, length);
}

IC_VBMI static inline __m512i fold_wide(__m512i value, factors by, __m512i onto) {
  const __m512i k = _mm512_broadcast_i32x4(_mm_set_epi64x(by.high, by.low));
  return _mm512_ternarylogic_epi64(
    onto, _mm512_clmulepi64_epi128(value, k, 0x00), _mm512_clmulepi64_epi128(value, k, 0x11),
    0x96);
}

IC_VBMI static uint32_t crc_vpclmul(
  const ic_crc_tables *tables, uint32_t crc, const uint8_t *in, size_t length) {
  if (length < 256) return crc_pclmul(tables, crc, in, length);
  __m512i x[4];
  for (int i = 0; i < 4; i++) x[i] = _mm512_loadu_si512(in + 64 * i);
  x[0] = _mm512_xor_si512(x[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int32_t)crc)));
  for (in += 256, length -= 256; length >= 256; in += 256, length -= 256)
    for (int i = 0; i < 4; i++)
      x[i] = fold_wide(x[i], by_2048, _mm512_loadu_si512(in + 64 * i));
  for (int i = 1; i < 4; i++) x[i] = fold_wide(x[i - 1], by_512, x[i]);
  for (; length >= 64; in += 64, length -= 64)
    x[3] = fold_wide(x[3], by_512, _mm512_loadu_si512(in));
  __m128i y = fold(_mm512_castsi512_si128(x[3]), by_128, _mm512_extracti32x4_epi32(x[3], 1));
  y = fold(y, by_128, _mm512_extracti32x4_epi32(x[3], 2));
  y = fold(y, by_128, _mm512_extracti32x4_epi32(x[3], 3));
  return crc_end(tables, y, in, length);
}
#endif

uint32_t ic_adler32(uint32_t adler, const uint8_t *in, size_t length, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) return adler_vnni(adler, in, length);
  if (level >= IC_LEVEL_AVX2) return adler_avx2(adler, in, length);
#endif
  (void)level;
  return adler_generic(adler, in, length);
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

uint32_t ic_crc32(const ic_crc_tables *tables, const uint8_t *in, size_t length, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) return ~crc_vpclmul(tables, ~0u, in, length);
  if (level >= IC_LEVEL_AVX2) return ~crc_pclmul(tables, ~0u, in, length);
#endif
  (void)level;
  return ~crc_generic(tables, ~0u, in, length);
}
