#include "ic_heatmap_wide.h"

#include <string.h>

#include "ic_codecs.h"
#include "ic_simd.h"

#if defined(__x86_64__)

// MARK: Levels

IC_AVX2 static int32_t levels_avx2(
  float base, float step, const float *weights, int32_t count, uint8_t *levels) {
  const __m256 from = _mm256_set1_ps(base), by = _mm256_set1_ps(step);
  const __m256 top = _mm256_set1_ps(254), half = _mm256_set1_ps(0.5f);
  int32_t x = 0;
  for (; x + 8 <= count; x += 8) {
    __m256 heat = _mm256_add_ps(from, _mm256_mul_ps(_mm256_loadu_ps(weights + x), by));
    __m256i whole = _mm256_cvttps_epi32(_mm256_add_ps(_mm256_mul_ps(heat, top), half));
    __m128i words = _mm_packs_epi32(
      _mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    _mm_storel_epi64((__m128i *)(levels + x), _mm_packus_epi16(words, words));
  }
  return x;
}

IC_AVX512 static int32_t levels_avx512(
  float base, float step, const float *weights, int32_t count, uint8_t *levels) {
  const __m512 from = _mm512_set1_ps(base), by = _mm512_set1_ps(step);
  const __m512 top = _mm512_set1_ps(254), half = _mm512_set1_ps(0.5f);
  for (int32_t x = 0; x < count; x += 16) {
    __mmask16 inside = ic_first_16(count - x);
    __m512 weight = _mm512_maskz_loadu_ps(inside, weights + x);
    __m512 heat = _mm512_add_ps(from, _mm512_mul_ps(weight, by));
    __m512i whole = _mm512_cvttps_epi32(_mm512_add_ps(_mm512_mul_ps(heat, top), half));
    _mm_mask_storeu_epi8(levels + x, inside, _mm512_cvtepi32_epi8(whole));
  }
  return count;
}

// How far ahead a photo is fetched into the cache: it is read in order, and for the first time since
// the network has run.
enum { AHEAD = 4096 };

// MARK: Blending

// Four pixels at a time, as 16-bit numbers with room for a fourth channel.
IC_AVX2 static int32_t blend_avx2(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *table, uint32_t keep,
  int32_t count, uint8_t *out) {
  const __m256i spread = _mm256_setr_epi8(
    0, -1, 1, -1, 2, -1, -1, -1, 3, -1, 4, -1, 5, -1, -1, -1,
    6, -1, 7, -1, 8, -1, -1, -1, 9, -1, 10, -1, 11, -1, -1, -1);
  const __m128i gather = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const __m256i factor = _mm256_set1_epi16((int16_t)keep);
  int32_t x = 0;
  // 16 bytes are read and written for 12.
  for (; x + 6 <= count; x += 4) {
    const uint8_t *level = levels + x;
    __m128i first = _mm_unpacklo_epi64(
      _mm_loadl_epi64((const __m128i *)(table + 4 * level[0])),
      _mm_loadl_epi64((const __m128i *)(table + 4 * level[1])));
    __m128i second = _mm_unpacklo_epi64(
      _mm_loadl_epi64((const __m128i *)(table + 4 * level[2])),
      _mm_loadl_epi64((const __m128i *)(table + 4 * level[3])));
    __m256i colours = _mm256_inserti128_si256(_mm256_castsi128_si256(first), second, 1);
    __m256i pixels = _mm256_shuffle_epi8(
      _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(photo + 3 * x))), spread);
    __m256i sums = _mm256_srli_epi16(
      _mm256_add_epi16(_mm256_mullo_epi16(pixels, factor), colours), 8);
    __m128i bytes = _mm_packus_epi16(
      _mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    _mm_storeu_si128((__m128i *)(out + 3 * x), _mm_shuffle_epi8(bytes, gather));
  }
  return x;
}

// Where channel c of pixel p lies in 64 packed pixels, less c.
#define FIRST_4(p) 3 * (p), 3 * (p) + 3, 3 * (p) + 6, 3 * (p) + 9
#define FIRST_16(p) FIRST_4(p), FIRST_4((p) + 4), FIRST_4((p) + 8), FIRST_4((p) + 12)
static const uint8_t packed_places[64] = {FIRST_16(0), FIRST_16(16), FIRST_16(32), FIRST_16(48)};

// Where each byte of 64 packed pixels lies in three planes of 64.
#define PLANES_1(p) (p), 64 + (p), 128 + (p)
#define PLANES_4(p) PLANES_1(p), PLANES_1((p) + 1), PLANES_1((p) + 2), PLANES_1((p) + 3)
#define PLANES_16(p) PLANES_4(p), PLANES_4((p) + 4), PLANES_4((p) + 8), PLANES_4((p) + 12)
static const uint8_t plane_places[192] = {PLANES_16(0), PLANES_16(16), PLANES_16(32),
                                          PLANES_16(48)};

typedef struct {
  ic_table low, high;
} colour_plane;

// (pixels * keep + colour) / 256 of 64 values of one channel.
IC_VBMI static inline __m512i mix(
  __m512i pixels, __m512i factor, const colour_plane *colours, __m512i levels) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i low = ic_look_up(&colours->low, levels), high = ic_look_up(&colours->high, levels);
  __m512i a = _mm512_add_epi16(
    _mm512_mullo_epi16(_mm512_unpacklo_epi8(pixels, zero), factor),
    _mm512_unpacklo_epi8(low, high));
  __m512i b = _mm512_add_epi16(
    _mm512_mullo_epi16(_mm512_unpackhi_epi8(pixels, zero), factor),
    _mm512_unpackhi_epi8(low, high));
  return _mm512_packus_epi16(_mm512_srli_epi16(a, 8), _mm512_srli_epi16(b, 8));
}

IC_VBMI static int32_t blend_vbmi(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *table, uint32_t keep,
  int32_t count, uint8_t *out) {
  const uint8_t *planes = (const uint8_t *)(table + 4 * 256);
  const __m512i factor = _mm512_set1_epi16((int16_t)keep);
  const __m512i first = _mm512_loadu_si512(packed_places);
  __m512i to_planes[3], to_packed[3];
  colour_plane colours[3];
  for (int c = 0; c < 3; c++) {
    to_planes[c] = _mm512_add_epi8(first, _mm512_set1_epi8((char)c));
    to_packed[c] = _mm512_loadu_si512(plane_places + 64 * c);
    colours[c].low = ic_load_table(planes + 512 * c);
    colours[c].high = ic_load_table(planes + 512 * c + 256);
  }
  for (int32_t x = 0; x < count; x += 64, photo += 192, out += 192) {
    int32_t left = count - x;
    __mmask64 inside[3];
    __m512i in[3], mixed[3];
    for (int i = 0; i < 3; i++) {
      _mm_prefetch((const char *)photo + AHEAD + 64 * i, _MM_HINT_T0);
      inside[i] = ic_first_64(3 * left - 64 * i);
      in[i] = _mm512_maskz_loadu_epi8(inside[i], photo + 64 * i);
    }
    __m512i level = _mm512_maskz_loadu_epi8(ic_first_64(left), levels + x);
    for (int c = 0; c < 3; c++)
      mixed[c] = mix(ic_pick(in[0], in[1], in[2], to_planes[c]), factor, &colours[c], level);
    for (int i = 0; i < 3; i++)
      _mm512_mask_storeu_epi8(
        out + 64 * i, inside[i], ic_pick(mixed[0], mixed[1], mixed[2], to_packed[i]));
  }
  return count;
}

// MARK: Dimming

// Luminance with green in two halves, so that the factors fit 16 bits with a sign.
IC_AVX2 static int32_t dim_avx2(const uint8_t *photo, int32_t count, uint8_t *out) {
  const __m256i red_green = _mm256_setr_epi8(
    0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1,
    0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1);
  const __m256i blue_green = _mm256_setr_epi8(
    2, -1, 1, -1, 5, -1, 4, -1, 8, -1, 7, -1, 11, -1, 10, -1,
    2, -1, 1, -1, 5, -1, 4, -1, 8, -1, 7, -1, 11, -1, 10, -1);
  const __m256i repeat = _mm256_setr_epi8(
    0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, -1, -1, -1, -1,
    0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, -1, -1, -1, -1);
  const __m256i k = _mm256_set1_epi32(19235 << 16 | 19595);
  const __m256i l = _mm256_set1_epi32(19235 << 16 | 7471);
  const __m256i half = _mm256_set1_epi32(0x8000);
  int32_t x = 0;
  // 28 bytes are read and written for 24.
  for (; x + 10 <= count; x += 8) {
    const uint8_t *from = photo + 3 * x;
    __m256i pixels = _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)from)),
      _mm_loadu_si128((const __m128i *)(from + 12)), 1);
    __m256i sum = _mm256_add_epi32(
      _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, red_green), k),
      _mm256_madd_epi16(_mm256_shuffle_epi8(pixels, blue_green), l));
    sum = _mm256_shuffle_epi8(_mm256_srli_epi32(_mm256_add_epi32(sum, half), 17), repeat);
    _mm_storeu_si128((__m128i *)(out + 3 * x), _mm256_castsi256_si128(sum));
    _mm_storeu_si128((__m128i *)(out + 3 * x + 12), _mm256_extracti128_si256(sum, 1));
  }
  return x;
}

#define RGBG_1(p) 3 * (p), 3 * (p) + 1, 3 * (p) + 2, 3 * (p) + 1
#define RGBG_4(p) RGBG_1(p), RGBG_1((p) + 1), RGBG_1((p) + 2), RGBG_1((p) + 3)
static const uint8_t rgbg_places[64] = {RGBG_4(0), RGBG_4(4), RGBG_4(8), RGBG_4(12)};

#define THRICE_1(p) 4 * (p), 4 * (p), 4 * (p)
#define THRICE_4(p) THRICE_1(p), THRICE_1((p) + 1), THRICE_1((p) + 2), THRICE_1((p) + 3)
static const uint8_t thrice_places[64] = {THRICE_4(0), THRICE_4(4), THRICE_4(8), THRICE_4(12)};

// As above; each factor is 256 * high + low, both with a sign.
IC_VBMI static int32_t dim_vbmi(const uint8_t *photo, int32_t count, uint8_t *out) {
  const __m512i to_rgbg = _mm512_loadu_si512(rgbg_places);
  const __m512i to_thrice = _mm512_loadu_si512(thrice_places);
  const __m512i high = _mm512_set1_epi32(75 << 24 | 29 << 16 | 75 << 8 | 77);
  const __m512i low = _mm512_set1_epi32(35 << 24 | 47 << 16 | 35 << 8 | (-117 & 255));
  const __m512i half = _mm512_set1_epi32(0x80);
  for (int32_t x = 0; x < count; x += 16, photo += 48, out += 48) {
    _mm_prefetch((const char *)photo + AHEAD, _MM_HINT_T0);
    __mmask64 inside = ic_first_64(count - x < 16 ? 3 * (count - x) : 48);
    __m512i pixels = _mm512_permutexvar_epi8(to_rgbg, _mm512_maskz_loadu_epi8(inside, photo));
    __m512i sum = _mm512_slli_epi32(_mm512_dpbusd_epi32(half, pixels, high), 8);
    sum = _mm512_srli_epi32(_mm512_dpbusd_epi32(sum, pixels, low), 17);
    _mm512_mask_storeu_epi8(out, inside, _mm512_permutexvar_epi8(to_thrice, sum));
  }
  return count;
}
#endif

int32_t ic_wide_levels(
  float base, float step, const float *weights, int32_t count, uint8_t *levels, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_AVX512) return levels_avx512(base, step, weights, count, levels);
  if (level >= IC_LEVEL_AVX2) return levels_avx2(base, step, weights, count, levels);
#endif
  (void)base, (void)step, (void)weights, (void)count, (void)levels, (void)level;
  return 0;
}

int32_t ic_wide_blend(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *table, uint32_t keep,
  int32_t count, uint8_t *out, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) return blend_vbmi(photo, levels, table, keep, count, out);
  if (level >= IC_LEVEL_AVX2) return blend_avx2(photo, levels, table, keep, count, out);
#endif
  (void)photo, (void)levels, (void)table, (void)keep, (void)count, (void)out, (void)level;
  return 0;
}

int32_t ic_wide_dim(const uint8_t *photo, int32_t count, uint8_t *out, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI) return dim_vbmi(photo, count, out);
  if (level >= IC_LEVEL_AVX2) return dim_avx2(photo, count, out);
#endif
  (void)photo, (void)count, (void)out, (void)level;
  return 0;
}
