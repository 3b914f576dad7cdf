#include "ic_png_filter.h"

#include <stdlib.h>
#include <string.h>

#include "ic_codecs.h"
#include "ic_simd.h"

static inline uint8_t paeth(int left, int up, int corner) {
  int to_left = abs(up - corner), to_up = abs(left - corner);
  int to_corner = abs(left + up - 2 * corner);
  int nearest = to_up <= to_corner ? up : corner;
  return (uint8_t)(to_left <= to_up && to_left <= to_corner ? left : nearest);
}

#if defined(__x86_64__)

// The mean of two bytes rounded down: the instruction rounds up.
IC_AVX512 static size_t average_avx512(
  const uint8_t *row, const uint8_t *up, size_t from, size_t length, size_t pixel, uint8_t *to) {
  const __m512i one = _mm512_set1_epi8(1);
  for (size_t i = from; i < length; i += 64) {
    __mmask64 inside = ic_first_64((ptrdiff_t)(length - i));
    __m512i left = _mm512_maskz_loadu_epi8(inside, row + i - pixel);
    __m512i above = _mm512_maskz_loadu_epi8(inside, up + i);
    __m512i mean = _mm512_sub_epi8(
      _mm512_avg_epu8(left, above), _mm512_and_si512(_mm512_xor_si512(left, above), one));
    _mm512_mask_storeu_epi8(
      to + i, inside, _mm512_sub_epi8(_mm512_maskz_loadu_epi8(inside, row + i), mean));
  }
  return length;
}

IC_AVX2 static size_t average_avx2(
  const uint8_t *row, const uint8_t *up, size_t from, size_t length, size_t pixel, uint8_t *to) {
  const __m256i one = _mm256_set1_epi8(1);
  size_t i = from;
  for (; i + 32 <= length; i += 32) {
    __m256i left = _mm256_loadu_si256((const __m256i *)(row + i - pixel));
    __m256i above = _mm256_loadu_si256((const __m256i *)(up + i));
    __m256i mean = _mm256_sub_epi8(
      _mm256_avg_epu8(left, above), _mm256_and_si256(_mm256_xor_si256(left, above), one));
    __m256i here = _mm256_loadu_si256((const __m256i *)(row + i));
    _mm256_storeu_si256((__m256i *)(to + i), _mm256_sub_epi8(here, mean));
  }
  return i;
}
#endif

// Filters bytes from `from` on and says up to where.
static size_t average_wide(
  const uint8_t *row, const uint8_t *up, size_t from, size_t length, size_t pixel, uint8_t *to,
  int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_AVX512) return average_avx512(row, up, from, length, pixel, to);
  if (level >= IC_LEVEL_AVX2) return average_avx2(row, up, from, length, pixel, to);
#endif
  (void)row, (void)up, (void)length, (void)pixel, (void)to, (void)level;
  return from;
}

void ic_png_filter(
  int filter, const uint8_t *row, const uint8_t *up, size_t length, size_t pixel, uint8_t *to,
  int level) {
  size_t head = filter == 2 || filter == 0 ? 0 : pixel < length ? pixel : length;
  for (size_t i = 0; i < head; i++) {
    int above = filter == 3 ? up[i] / 2 : filter == 4 ? up[i] : 0;
    to[i] = (uint8_t)(row[i] - above);
  }
  switch (filter) {
    case 0: memcpy(to, row, length); break;
    case 1: for (size_t i = head; i < length; i++) to[i] = row[i] - row[i - pixel]; break;
    case 2: for (size_t i = 0; i < length; i++) to[i] = row[i] - up[i]; break;
    case 3:
      for (size_t i = average_wide(row, up, head, length, pixel, to, level); i < length; i++)
        to[i] = (uint8_t)(row[i] - (row[i - pixel] + up[i]) / 2);
      break;
    default:
      for (size_t i = head; i < length; i++)
        to[i] = (uint8_t)(row[i] - paeth(row[i - pixel], up[i], up[i - pixel]));
  }
}
