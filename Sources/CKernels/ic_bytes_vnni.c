// The byte kernels for processors with AVX-512 VNNI: sums of four products of bytes.

#include "ic_bytes_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(                                                             \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))),    \
    apply_to = function)

#include "ic_bytes_impl.h"

IC_INLINE __m512i ic_round_vector(__m512i sums, __m512 factors, __m512 low, __m512 high) {
  __m512 x = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), factors);
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_max_ps(x, low), high));
}

IC_INLINE __m512i ic_broadcast4(const uint8_t *p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return _mm512_set1_epi32(four);
}

/// Adds the products of four input channels.
#define IC_QUAD(offset)                                                                    \
  {                                                                                        \
    const __m512i w0 = _mm512_loadu_si512(w);                                              \
    const __m512i w1 = panels == 2 ? _mm512_loadu_si512(w + 64) : w0;                      \
    w += 64 * panels;                                                                      \
    _Pragma("clang loop unroll(full)") for (int m = 0; m < count; m++) {                   \
      const __m512i x = ic_broadcast4(p + m * stride + (offset));                          \
      sums[m][0] = _mm512_dpbusd_epi32(sums[m][0], x, w0);                                 \
      if (panels == 2) sums[m][1] = _mm512_dpbusd_epi32(sums[m][1], x, w1);                \
    }                                                                                      \
  }

/// `count` pixels by `panels` blocks of channels, both constants; `stride` may be one.
IC_INLINE void ic_vnni_tile(
    const ic_byte_tile *tile, const int count, const int panels, const ptrdiff_t stride) {
  __m512i sums[IC_BYTE_TILE][2];
  const uint8_t *w = tile->weights;
#pragma clang loop unroll(full)
  for (int m = 0; m < count; m++) {
    sums[m][0] = _mm512_loadu_si512(tile->bias);
    if (panels == 2) sums[m][1] = _mm512_loadu_si512(tile->bias + IC_BLOCK);
  }
  for (ptrdiff_t b = 0; b < tile->blocks; b++) {
    const ptrdiff_t quads = b + 1 == tile->blocks ? tile->last_quads : 4;
    for (ptrdiff_t t = 0; t < tile->tap_count; t++) {
      const uint8_t *p = tile->input + b * tile->block_stride + tile->taps[t];
      if (quads == 4) {
        IC_QUAD(0) IC_QUAD(4) IC_QUAD(8) IC_QUAD(12)
      } else {
        for (ptrdiff_t q = 0; q < quads; q++) IC_QUAD(4 * q)
      }
    }
  }
  const __m512 low = _mm512_set1_ps(tile->rounding->low);
  const __m512 high = _mm512_set1_ps(tile->rounding->high);
  const __m512i zero = _mm512_set1_epi32(tile->rounding->zero);
#pragma clang loop unroll(full)
  for (int p = 0; p < panels; p++) {
    const __m512 factors = _mm512_loadu_ps(tile->factors + p * IC_BLOCK);
#pragma clang loop unroll(full)
    for (int m = 0; m < count; m++) {
      const __m512i n = _mm512_add_epi32(ic_round_vector(sums[m][p], factors, low, high), zero);
      uint8_t *to =
          tile->output + m * tile->output_pixel_stride + p * tile->output_block_stride;
      _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8(n));
    }
  }
}

#define IC_VNNI_TILE(n)                                                                   \
  static void ic_vnni_tile_##n(const ic_byte_tile *tile, int panels) {                    \
    if (panels == 1) return ic_vnni_tile(tile, n, 1, tile->pixel_stride);                 \
    if (tile->pixel_stride == IC_BLOCK) return ic_vnni_tile(tile, n, 2, IC_BLOCK);        \
    ic_vnni_tile(tile, n, 2, tile->pixel_stride);                                         \
  }
IC_VNNI_TILE(1) IC_VNNI_TILE(2) IC_VNNI_TILE(3) IC_VNNI_TILE(4) IC_VNNI_TILE(5)
IC_VNNI_TILE(6) IC_VNNI_TILE(7) IC_VNNI_TILE(8) IC_VNNI_TILE(9) IC_VNNI_TILE(10)
IC_VNNI_TILE(11) IC_VNNI_TILE(12)

static void ic_bytes_tile_quads(const ic_byte_tile *tile, ptrdiff_t pixels, int panels) {
  static void (*const tiles[IC_BYTE_TILE])(const ic_byte_tile *, int) = {
      ic_vnni_tile_1, ic_vnni_tile_2, ic_vnni_tile_3, ic_vnni_tile_4, ic_vnni_tile_5,
      ic_vnni_tile_6, ic_vnni_tile_7, ic_vnni_tile_8, ic_vnni_tile_9, ic_vnni_tile_10,
      ic_vnni_tile_11, ic_vnni_tile_12};
  tiles[pixels - 1](tile, panels);
}

// ------------------------------------------------------------------------------------ depthwise

/// Four pixels, `step` bytes apart.
IC_INLINE __m512i ic_four_pixels(const uint8_t *p, const ptrdiff_t step) {
  if (step == IC_BLOCK) return _mm512_loadu_si512(p);
  if (step == 2 * IC_BLOCK) {
    return _mm512_shuffle_i64x2(_mm512_loadu_si512(p), _mm512_loadu_si512(p + 64), 0x88);
  }
  __m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)p));
  x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(p + step)), 1);
  x = _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(p + 2 * step)), 2);
  return _mm512_inserti32x4(x, _mm_loadu_si128((const __m128i *)(p + 3 * step)), 3);
}

/// Stores the first `count` of four pixels, whose channels lie in four vectors of four each.
IC_INLINE void ic_store_four(
    const ic_byte_row *row, const __m512i *sums, uint8_t *out, ptrdiff_t count) {
  const __m512 low = _mm512_set1_ps(row->rounding->low);
  const __m512 high = _mm512_set1_ps(row->rounding->high);
  const __m512i zero = _mm512_set1_epi32(row->rounding->zero);
  __m512i n[4];
#pragma clang loop unroll(full)
  for (int k = 0; k < 4; k++) {
    const __m512 factors = _mm512_broadcast_f32x4(_mm_loadu_ps(row->factors + 4 * k));
    n[k] = _mm512_add_epi32(ic_round_vector(sums[k], factors, low, high), zero);
  }
  const __m512i bytes = _mm512_packus_epi16(
      _mm512_packs_epi32(n[0], n[1]), _mm512_packs_epi32(n[2], n[3]));
  if (count >= 4) {
    _mm512_storeu_si512(out, bytes);
  } else {
    _mm512_mask_storeu_epi64(out, (__mmask8)((1u << (2 * count)) - 1), bytes);
  }
}

/// Weights [tap / 4][16][tap % 4]; `step` may be a constant.
IC_INLINE void ic_vnni_depthwise(const ic_byte_row *row, const ptrdiff_t step) {
  const ptrdiff_t groups = row->tap_count / 4;
  for (ptrdiff_t x = 0; x < row->width; x += 4) {
    const uint8_t *input = row->input + x * step;
    __m512i sums[4];
#pragma clang loop unroll(full)
    for (int k = 0; k < 4; k++) {
      sums[k] = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(row->bias + 4 * k)));
    }
    for (ptrdiff_t g = 0; g < groups; g++) {
      const ptrdiff_t *taps = row->taps + 4 * g;
      const uint8_t *w = (const uint8_t *)row->weights + 64 * g;
      const __m512i a = ic_four_pixels(input + taps[0], step);
      const __m512i b = ic_four_pixels(input + taps[1], step);
      const __m512i c = ic_four_pixels(input + taps[2], step);
      const __m512i d = ic_four_pixels(input + taps[3], step);
      const __m512i ab[2] = {_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b)};
      const __m512i cd[2] = {_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d)};
#pragma clang loop unroll(full)
      for (int k = 0; k < 4; k++) {
        const __m512i x4 = k % 2 == 0 ? _mm512_unpacklo_epi16(ab[k / 2], cd[k / 2])
                                      : _mm512_unpackhi_epi16(ab[k / 2], cd[k / 2]);
        const __m512i w4 =
            _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(w + 16 * k)));
        sums[k] = _mm512_dpbusd_epi32(sums[k], x4, w4);
      }
    }
    ic_store_four(row, sums, row->output + x * IC_BLOCK, row->width - x);
  }
}

static void ic_bytes_depthwise_quads(const ic_byte_row *row) {
  if (row->step == IC_BLOCK) return ic_vnni_depthwise(row, IC_BLOCK);
  if (row->step == 2 * IC_BLOCK) return ic_vnni_depthwise(row, 2 * IC_BLOCK);
  ic_vnni_depthwise(row, row->step);
}

const ic_byte_kernels ic_bytes_vnni = {
  .tile = {ic_bytes_tile_avx2, ic_bytes_tile_quads},
  .depthwise = {ic_bytes_depthwise_pairs, ic_bytes_depthwise_quads}, IC_BYTES_COMMON};

#pragma clang attribute pop

#endif
