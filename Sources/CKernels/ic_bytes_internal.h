#ifndef IC_BYTES_INTERNAL_H
#define IC_BYTES_INTERNAL_H

#include "ic_bytes.h"
#include "ic_internal.h"

/// Most pixels of one register tile.
#define IC_BYTE_TILE 12

/// One tile: `pixels` x (16 or 32) output channels.
///
/// Weights follow one another in the order (input block, tap, group of 2 or 4 input channels).
typedef struct ic_byte_tile {
  const uint8_t *input;
  ptrdiff_t pixel_stride, block_stride;
  ptrdiff_t blocks, tap_count;
  /// Groups of four input channels of the last block; the others have four.
  ptrdiff_t last_quads;
  const ptrdiff_t *taps;
  const void *weights;
  const int32_t *bias;
  const float *factors;
  const ic_byte_rounding *rounding;
  uint8_t *output;
  ptrdiff_t output_pixel_stride, output_block_stride;
} ic_byte_tile;

/// A row of depthwise outputs of one block.
typedef struct ic_byte_row {
  const uint8_t *input;
  /// Bytes from one output's input to the next one's.
  ptrdiff_t step;
  const ptrdiff_t *taps;
  ptrdiff_t tap_count;
  const void *weights;
  const int32_t *bias;
  const float *factors;
  const ic_byte_rounding *rounding;
  uint8_t *output;
  ptrdiff_t width;
} ic_byte_row;

typedef void (*ic_byte_tile_function)(const ic_byte_tile *tile, ptrdiff_t pixels, int panels);
typedef void (*ic_byte_row_function)(const ic_byte_row *row);

struct ic_byte_kernels {
  /// By packing; NULL where the instruction set has none.
  ic_byte_tile_function tile[2];
  ic_byte_row_function depthwise[2];
  void (*add)(
      const ic_byte_sum *sum, const uint8_t *a, const uint8_t *b, uint8_t *out, ptrdiff_t pixels);
  void (*sum_row)(const uint8_t *in, ptrdiff_t pixels, int32_t *sums);
  void (*max_pixels)(const uint8_t *in, ptrdiff_t step, uint8_t *out, ptrdiff_t pixels);
  void (*quantize)(
      const float *in, float scale, const ic_byte_rounding *rounding, uint8_t *out,
      ptrdiff_t count);
  void (*dequantize)(
      const uint8_t *in, float scale, int32_t zero, float *out, ptrdiff_t pixels);
};

extern const ic_byte_kernels ic_bytes_generic;
#if defined(__x86_64__)
extern const ic_byte_kernels ic_bytes_avx2;
extern const ic_byte_kernels ic_bytes_vnni;
void ic_bytes_tile_avx2(const ic_byte_tile *tile, ptrdiff_t pixels, int panels);
#endif

IC_INLINE ptrdiff_t ic_byte_row_bytes(const ic_layout *l) {
  return (l->left + l->width + l->right) * IC_BLOCK;
}

IC_INLINE ptrdiff_t ic_byte_plane_bytes(const ic_layout *l) {
  return (l->top + l->height + l->bottom) * ic_byte_row_bytes(l);
}

/// The first pixel of image 0, block 0, inside the halo.
IC_INLINE uint8_t *ic_byte_origin(const ic_byte_view *view) {
  return view->base + view->layout.top * ic_byte_row_bytes(&view->layout) +
         view->layout.left * IC_BLOCK;
}

IC_INLINE int ic_bytes_is_depthwise(const ic_convolution *conv) {
  return conv->groups > 1 && conv->groups == conv->input_channels &&
         conv->groups == conv->output_channels;
}

#endif
