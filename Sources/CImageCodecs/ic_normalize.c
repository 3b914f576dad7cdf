#include "ic_codecs.h"
#include "ic_simd.h"

static void normalize_generic(
  const uint8_t *pixels, int32_t count, int32_t channels, const float *table, float *to,
  ptrdiff_t step) {
  if (step == 1 && channels == 3) {
    for (int32_t x = 0; x < count; x++) to[x] = table[pixels[3 * x]];
    return;
  }
  for (ptrdiff_t x = 0; x < count; x++) to[x * step] = table[pixels[x * channels]];
}

#if defined(__x86_64__)

// Which of 64 pixels goes to which place so that the float with the bytes of place p, once bytes
// of four tables are interleaved within lanes of 128 bits, is in order: 16q + 4f + j holds pixel
// 16f + 4q + j.
#define FOUR(k, p) (k) * (p), (k) * ((p) + 1), (k) * ((p) + 2), (k) * ((p) + 3)
#define LANE(k, q) FOUR(k, 4 * (q)), FOUR(k, 4 * (q) + 16), FOUR(k, 4 * (q) + 32), FOUR(k, 4 * (q) + 48)
static const uint8_t gray_order[64] = {LANE(1, 0), LANE(1, 1), LANE(1, 2), LANE(1, 3)};
static const uint8_t rgb_order[64] = {LANE(3, 0), LANE(3, 1), LANE(3, 2), LANE(3, 3)};

// The floats of the table as four tables of bytes.
typedef struct {
  ic_table bytes[4];
} float_table;

IC_VBMI static float_table split_table(const float *table) {
  uint8_t bytes[4][256];
  for (int i = 0; i < 256; i += 16) {
    __m512i bits = _mm512_loadu_si512(table + i);
    for (int b = 0; b < 4; b++, bits = _mm512_srli_epi32(bits, 8))
      _mm_storeu_si128((__m128i *)(bytes[b] + i), _mm512_cvtepi32_epi8(bits));
  }
  float_table made;
  for (int b = 0; b < 4; b++) made.bytes[b] = ic_load_table(bytes[b]);
  return made;
}

// One channel of 64 pixels, in the order above.
IC_VBMI static inline __m512i load_64(
  const uint8_t *pixels, ptrdiff_t left, int32_t channels, __m512i order) {
  __m512i a = _mm512_maskz_loadu_epi8(ic_first_64(left * channels), pixels);
  if (channels == 1) return _mm512_permutexvar_epi8(order, a);
  __m512i b = _mm512_maskz_loadu_epi8(ic_first_64(left * 3 - 64), pixels + 64);
  __m512i c = _mm512_maskz_loadu_epi8(ic_first_64(left * 3 - 128), pixels + 128);
  return ic_pick(a, b, c, order);
}

IC_VBMI static inline void normalize_row(
  const uint8_t *pixels, int32_t count, int32_t channels, const float_table *table, __m512i order,
  float *to) {
  for (int32_t x = 0; x < count; x += 64, pixels += 64 * channels) {
    __m512i bytes = load_64(pixels, count - x, channels, order), looked[4];
    for (int b = 0; b < 4; b++) looked[b] = ic_look_up(&table->bytes[b], bytes);
    for (int f = 0; f < 4; f++) {
      __m512i low = f < 2 ? _mm512_unpacklo_epi8(looked[0], looked[1])
                          : _mm512_unpackhi_epi8(looked[0], looked[1]);
      __m512i high = f < 2 ? _mm512_unpacklo_epi8(looked[2], looked[3])
                           : _mm512_unpackhi_epi8(looked[2], looked[3]);
      __m512i bits = f % 2 == 0 ? _mm512_unpacklo_epi16(low, high)
                                : _mm512_unpackhi_epi16(low, high);
      _mm512_mask_storeu_epi32(to + x + 16 * f, ic_first_16(count - x - 16 * f), bits);
    }
  }
}

IC_VBMI static void normalize_vbmi(
  const ic_channel *from, const float *table, float *to, ptrdiff_t row_stride) {
  const float_table split = split_table(table);
  const uint8_t *pixels = from->pixels;
  const __m512i order = _mm512_add_epi8(
    _mm512_loadu_si512(from->channels == 1 ? gray_order : rgb_order),
    _mm512_set1_epi8((char)from->channel));
  for (int32_t y = 0; y < from->height; y++, to += row_stride) {
    if (from->channels == 1)
      normalize_row(pixels, from->width, 1, &split, order, to);
    else
      normalize_row(pixels, from->width, 3, &split, order, to);
    pixels += (ptrdiff_t)from->width * from->channels;
  }
}
#endif

void ic_normalize(
  const ic_channel *from, const float *table, float *to, ptrdiff_t row_stride,
  ptrdiff_t pixel_stride, int level) {
#if defined(__x86_64__)
  if (level >= IC_LEVEL_VBMI && pixel_stride == 1) {
    normalize_vbmi(from, table, to, row_stride);
    return;
  }
#endif
  (void)level;
  const uint8_t *pixels = from->pixels + from->channel;
  for (int32_t y = 0; y < from->height; y++, to += row_stride) {
    normalize_generic(pixels, from->width, from->channels, table, to, pixel_stride);
    pixels += (ptrdiff_t)from->width * from->channels;
  }
}
