// The byte kernels in plain C for any processor.

#include "ic_bytes_internal.h"

#include "ic_bytes_impl.h"

/// One pixel and 16 output channels; the weights are those of the block's panel.
IC_INLINE void ic_bytes_pixel(
    const ic_byte_tile *tile, const uint8_t *input, int panels, int panel, int32_t *sums) {
  const int16_t *w = (const int16_t *)tile->weights + panel * 2 * IC_BLOCK;
  for (int j = 0; j < IC_BLOCK; j++) sums[j] = tile->bias[panel * IC_BLOCK + j];
  for (ptrdiff_t b = 0; b < tile->blocks; b++) {
    const ptrdiff_t pairs = b + 1 == tile->blocks ? tile->last_quads * 2 : 8;
    for (ptrdiff_t t = 0; t < tile->tap_count; t++) {
      const uint8_t *x = input + b * tile->block_stride + tile->taps[t];
      for (ptrdiff_t k = 0; k < pairs; k++, w += panels * 2 * IC_BLOCK) {
        for (int j = 0; j < IC_BLOCK; j++) {
          sums[j] += x[2 * k] * w[2 * j] + x[2 * k + 1] * w[2 * j + 1];
        }
      }
    }
  }
}

static void ic_bytes_tile_pairs(const ic_byte_tile *tile, ptrdiff_t pixels, int panels) {
  for (ptrdiff_t m = 0; m < pixels; m++) {
    for (int p = 0; p < panels; p++) {
      int32_t sums[IC_BLOCK] __attribute__((aligned(64)));
      ic_bytes_pixel(tile, tile->input + m * tile->pixel_stride, panels, p, sums);
      ic_round_sums(
          sums, tile->factors + p * IC_BLOCK, tile->rounding,
          tile->output + m * tile->output_pixel_stride + p * tile->output_block_stride);
    }
  }
}

const ic_byte_kernels ic_bytes_generic = {
  .tile = {ic_bytes_tile_pairs, NULL}, .depthwise = {ic_bytes_depthwise_pairs, NULL},
  IC_BYTES_COMMON};
