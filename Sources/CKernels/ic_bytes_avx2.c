// The byte kernels for processors with AVX2: products of pairs of 16-bit integers.

#include "ic_bytes_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#include "ic_bytes_impl.h"

/// `count` pixels by `panels` blocks of channels, both constants.
IC_INLINE void ic_bytes_tile_body(
    const ic_byte_tile *tile, ptrdiff_t first, const int count, const int panels) {
  __m256i sums[3][4];
  const uint8_t *origin = tile->input + first * tile->pixel_stride;
  const int16_t *w = tile->weights;
#pragma clang loop unroll(full)
  for (int m = 0; m < count; m++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < 2 * panels; v++) {
      sums[m][v] = _mm256_loadu_si256((const __m256i *)(tile->bias + v * 8));
    }
  }
  for (ptrdiff_t b = 0; b < tile->blocks; b++) {
    const ptrdiff_t pairs = b + 1 == tile->blocks ? tile->last_quads * 2 : 8;
    for (ptrdiff_t t = 0; t < tile->tap_count; t++) {
      int32_t wide[3][8] __attribute__((aligned(32)));
      const uint8_t *p = origin + b * tile->block_stride + tile->taps[t];
#pragma clang loop unroll(full)
      for (int m = 0; m < count; m++) {
        const __m128i x = _mm_loadu_si128((const __m128i *)(p + m * tile->pixel_stride));
        _mm256_store_si256((__m256i *)wide[m], _mm256_cvtepu8_epi16(x));
      }
      for (ptrdiff_t k = 0; k < pairs; k++, w += panels * 2 * IC_BLOCK) {
#pragma clang loop unroll(full)
        for (int v = 0; v < 2 * panels; v++) {
          const __m256i weight = _mm256_loadu_si256((const __m256i *)(w + v * 16));
#pragma clang loop unroll(full)
          for (int m = 0; m < count; m++) {
            const __m256i x = _mm256_set1_epi32(wide[m][k]);
            sums[m][v] = _mm256_add_epi32(sums[m][v], _mm256_madd_epi16(x, weight));
          }
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < count; m++) {
    for (int p = 0; p < panels; p++) {
      int32_t row[IC_BLOCK] __attribute__((aligned(32)));
      _mm256_store_si256((__m256i *)row, sums[m][2 * p]);
      _mm256_store_si256((__m256i *)(row + 8), sums[m][2 * p + 1]);
      ic_round_sums(
          row, tile->factors + p * IC_BLOCK, tile->rounding,
          tile->output + (first + m) * tile->output_pixel_stride +
              p * tile->output_block_stride);
    }
  }
}

void ic_bytes_tile_avx2(const ic_byte_tile *tile, ptrdiff_t pixels, int panels) {
  for (ptrdiff_t m = 0; m < pixels; m += 3) {
    const ptrdiff_t count = ic_min(3, pixels - m);
    if (panels == 2) {
      if (count == 3) ic_bytes_tile_body(tile, m, 3, 2);
      if (count == 2) ic_bytes_tile_body(tile, m, 2, 2);
      if (count == 1) ic_bytes_tile_body(tile, m, 1, 2);
    } else {
      if (count == 3) ic_bytes_tile_body(tile, m, 3, 1);
      if (count == 2) ic_bytes_tile_body(tile, m, 2, 1);
      if (count == 1) ic_bytes_tile_body(tile, m, 1, 1);
    }
  }
}

const ic_byte_kernels ic_bytes_avx2 = {
  .tile = {ic_bytes_tile_avx2, NULL}, .depthwise = {ic_bytes_depthwise_pairs, NULL},
  IC_BYTES_COMMON};

#pragma clang attribute pop

#endif
