#include <string.h>

#include "ic_codecs.h"
#include "ic_resample_groups.h"
#include "ic_simd.h"

// Two-pass fixed-point resampling. Sums are exact in 32 bits, so every variant below gives the
// same bytes: start at one half, add pixel * coefficient, shift out 22 bits, clip to 0...255.

enum { FRACTION = 22, HALF = 1 << (FRACTION - 1) };

static inline uint8_t clip(int32_t sum) {
  int32_t value = sum >> FRACTION;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void rows_generic(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  int32_t channels, const ic_taps *taps) {
  for (int32_t y = 0; y < rows; y++, in += in_stride, out += out_stride) {
    for (int32_t i = 0; i < taps->length; i++) {
      const uint8_t *from = in + (ptrdiff_t)taps->first[i] * channels;
      const int32_t *k = taps->coefficients + (ptrdiff_t)i * taps->stride;
      if (channels == 1) {
        int32_t sum = HALF;
        for (int32_t t = 0; t < taps->count[i]; t++) sum += from[t] * k[t];
        out[i] = clip(sum);
        continue;
      }
      int32_t r = HALF, g = HALF, b = HALF;
      for (int32_t t = 0; t < taps->count[i]; t++, from += 3) {
        r += from[0] * k[t];
        g += from[1] * k[t];
        b += from[2] * k[t];
      }
      out[i * 3] = clip(r);
      out[i * 3 + 1] = clip(g);
      out[i * 3 + 2] = clip(b);
    }
  }
}

static void columns_generic(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, int32_t from, int32_t row_bytes,
  int32_t count, const int32_t *k) {
  for (int32_t x = from; x < row_bytes; x++) {
    int32_t sum = HALF;
    for (int32_t t = 0; t < count; t++) sum += in[t * in_stride + x] * k[t];
    out[x] = clip(sum);
  }
}

#if defined(__x86_64__)

static inline void store_pixel(uint8_t *out, uint32_t packed) {
  out[0] = (uint8_t)packed;
  out[1] = (uint8_t)(packed >> 8);
  out[2] = (uint8_t)(packed >> 16);
}

IC_AVX2 static void rgb_rows_avx2(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  const ic_taps *taps) {
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m256i low = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  const __m256i high = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
  for (int32_t y = 0; y < rows; y++, in += in_stride, out += out_stride) {
    for (int32_t i = 0; i < taps->length; i++) {
      const uint8_t *from = in + (ptrdiff_t)taps->first[i] * 3;
      const int32_t *k = taps->coefficients + (ptrdiff_t)i * taps->stride;
      __m256i a = _mm256_setzero_si256(), b = a;
      for (int32_t t = 0; t < taps->count[i]; t += 4) {
        __m128i pixels = _mm_shuffle_epi8(
          _mm_loadu_si128((const __m128i *)(from + (ptrdiff_t)t * 3)), spread);
        __m256i four = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(k + t)));
        a = _mm256_add_epi32(
          a, _mm256_mullo_epi32(
               _mm256_cvtepu8_epi32(pixels), _mm256_permutevar8x32_epi32(four, low)));
        b = _mm256_add_epi32(
          b, _mm256_mullo_epi32(
               _mm256_cvtepu8_epi32(_mm_srli_si128(pixels, 8)),
               _mm256_permutevar8x32_epi32(four, high)));
      }
      a = _mm256_add_epi32(a, b);
      __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
      sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(HALF)), FRACTION);
      sum = _mm_packs_epi32(sum, sum);
      store_pixel(out + i * 3, (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum)));
    }
  }
}

IC_AVX512 static inline uint32_t rgb_pixel_avx512(
  const uint8_t *from, const int32_t *k, int32_t count) {
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m512i repeat = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  __m512i a = _mm512_setzero_si512();
  for (int32_t t = 0; t < count; t += 4) {
    __m128i pixels = _mm_shuffle_epi8(
      _mm_loadu_si128((const __m128i *)(from + (ptrdiff_t)t * 3)), spread);
    __m512i four = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(k + t)));
    a = _mm512_add_epi32(
      a, _mm512_mullo_epi32(
           _mm512_cvtepu8_epi32(pixels), _mm512_permutexvar_epi32(repeat, four)));
  }
  __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
  sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(HALF)), FRACTION);
  sum = _mm_packs_epi32(sum, sum);
  return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
}

IC_AVX512 static void rgb_rows_avx512(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  const ic_taps *taps) {
  for (int32_t y = 0; y < rows; y++, in += in_stride, out += out_stride) {
    for (int32_t i = 0; i < taps->length; i++) {
      const uint8_t *from = in + (ptrdiff_t)taps->first[i] * 3;
      const int32_t *k = taps->coefficients + (ptrdiff_t)i * taps->stride;
      store_pixel(out + i * 3, rgb_pixel_avx512(from, k, taps->count[i]));
    }
  }
}

IC_AVX2 static int32_t columns_avx2(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, int32_t row_bytes, int32_t count,
  const int32_t *k) {
  int32_t x = 0;
  for (; x + 32 <= row_bytes; x += 32) {
    __m256i sums[4];
    for (int j = 0; j < 4; j++) sums[j] = _mm256_set1_epi32(HALF);
    for (int32_t t = 0; t < count; t++) {
      __m256i factor = _mm256_set1_epi32(k[t]);
      const uint8_t *from = in + t * in_stride + x;
      for (int j = 0; j < 4; j++) {
        __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(from + j * 8)));
        sums[j] = _mm256_add_epi32(sums[j], _mm256_mullo_epi32(wide, factor));
      }
    }
    for (int j = 0; j < 4; j++) sums[j] = _mm256_srai_epi32(sums[j], FRACTION);
    __m256i packed = _mm256_packus_epi16(
      _mm256_packs_epi32(sums[0], sums[1]), _mm256_packs_epi32(sums[2], sums[3]));
    packed = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256((__m256i *)(out + x), packed);
  }
  return x;
}

IC_AVX512 static int32_t columns_avx512(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, int32_t row_bytes, int32_t count,
  const int32_t *k) {
  for (int32_t x = 0; x < row_bytes; x += 64) {
    __m512i sums[4];
    for (int j = 0; j < 4; j++) sums[j] = _mm512_set1_epi32(HALF);
    for (int32_t t = 0; t < count; t++) {
      __m512i factor = _mm512_set1_epi32(k[t]);
      const uint8_t *from = in + t * in_stride + x;
      for (int j = 0; j < 4; j++) {
        __m512i wide = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(from + j * 16)));
        sums[j] = _mm512_add_epi32(sums[j], _mm512_mullo_epi32(wide, factor));
      }
    }
    for (int j = 0; j < 4; j++) {
      int32_t left = row_bytes - x - j * 16;
      if (left <= 0) break;
      __mmask16 mask = left >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << left) - 1);
      __m512i value = _mm512_max_epi32(
        _mm512_srai_epi32(sums[j], FRACTION), _mm512_setzero_si512());
      _mm_mask_storeu_epi8(out + x + j * 16, mask, _mm512_cvtusepi32_epi8(value));
    }
  }
  return row_bytes;
}

// Plain loops over one channel; the compiler vectorises them for the target given.
IC_AVX2 static void gray_rows_avx2(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  const ic_taps *taps) {
  for (int32_t y = 0; y < rows; y++, in += in_stride, out += out_stride) {
    for (int32_t i = 0; i < taps->length; i++) {
      const uint8_t *from = in + taps->first[i];
      const int32_t *k = taps->coefficients + (ptrdiff_t)i * taps->stride;
      int32_t sum = HALF;
      for (int32_t t = 0; t < taps->count[i]; t++) sum += from[t] * k[t];
      out[i] = clip(sum);
    }
  }
}

void ic_resample_rows(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  int32_t channels, const ic_taps *taps, int level) {
  if (channels == 3 && level >= IC_LEVEL_VBMI && taps->groups != NULL && taps->length > 0) {
    ic_grouped_rows(in, in_stride, out, out_stride, rows, taps);
  } else if (channels == 3 && level >= IC_LEVEL_AVX512) {
    rgb_rows_avx512(in, in_stride, out, out_stride, rows, taps);
  } else if (channels == 3 && level >= IC_LEVEL_AVX2) {
    rgb_rows_avx2(in, in_stride, out, out_stride, rows, taps);
  } else if (level >= IC_LEVEL_AVX2) {
    gray_rows_avx2(in, in_stride, out, out_stride, rows, taps);
  } else {
    rows_generic(in, in_stride, out, out_stride, rows, channels, taps);
  }
}

static int32_t columns_wide(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, int32_t row_bytes, int32_t count,
  const int32_t *k, int level) {
  if (level >= IC_LEVEL_AVX512) return columns_avx512(in, in_stride, out, row_bytes, count, k);
  if (level >= IC_LEVEL_AVX2) return columns_avx2(in, in_stride, out, row_bytes, count, k);
  return 0;
}

#else

void ic_resample_rows(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  int32_t channels, const ic_taps *taps, int level) {
  (void)level;
  rows_generic(in, in_stride, out, out_stride, rows, channels, taps);
}

static int32_t columns_wide(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, int32_t row_bytes, int32_t count,
  const int32_t *k, int level) {
  (void)in, (void)in_stride, (void)out, (void)row_bytes, (void)count, (void)k, (void)level;
  return 0;
}

#endif

void ic_resample_columns(
  const uint8_t *in, ptrdiff_t in_stride, int32_t first_row, uint8_t *out, ptrdiff_t out_stride,
  int32_t row_bytes, const ic_taps *taps, int level) {
  for (int32_t i = 0; i < taps->length; i++, out += out_stride) {
    const uint8_t *rows = in + (ptrdiff_t)(taps->first[i] - first_row) * in_stride;
    const int32_t *k = taps->coefficients + (ptrdiff_t)i * taps->stride;
    int32_t done = columns_wide(rows, in_stride, out, row_bytes, taps->count[i], k, level);
    columns_generic(rows, in_stride, out, done, row_bytes, taps->count[i], k);
  }
}
