#ifndef IC_INTERNAL_H
#define IC_INTERNAL_H

#include "ic_kernels.h"

#define IC_INLINE static inline __attribute__((always_inline))

/// Most pixels of one register tile.
#define IC_TILE_PIXELS 14

/// One register tile: `pixels` x (panel) outputs, where the panel is 16 or 32 channels wide.
///
/// For each block, tap and k < inner, in this order, output (m, n) gains
/// input[block * block_stride + taps[tap] + m * pixel_stride + k] * weights[step][n],
/// and the weights are walked through from end to end.
typedef struct ic_tile {
  const float *input;
  ptrdiff_t pixel_stride, block_stride;
  ptrdiff_t blocks, tap_count, inner;
  const ptrdiff_t *taps;
  const float *weights, *bias;
  float *output;
  ptrdiff_t output_pixel_stride, output_block_stride;
  const float *residual;
  ptrdiff_t residual_pixel_stride, residual_block_stride;
  const ic_activation *activation;
  /// Floats from this tile's input to the next one's, to prefetch it.
  ptrdiff_t next;
  /// Weights that come after this tile's, to prefetch one line of them each k step.
  const float *ahead;
} ic_tile;

typedef void (*ic_tile_function)(const ic_tile *tile);

/// A row of depthwise outputs of one block: `width` pixels.
typedef struct ic_depthwise_row {
  const float *input;
  ptrdiff_t row_stride, column_step, stride;
  ptrdiff_t kernel_h, kernel_w;
  const float *weights, *bias;
  float *output;
  const float *residual;
  ptrdiff_t width;
  const ic_activation *activation;
} ic_depthwise_row;

typedef void (*ic_depthwise_function)(const ic_depthwise_row *row);

/// Depthwise rows with kernels of their own: 3x3, 5x5 and 7x7 at strides 1 and 2.
#define IC_DEPTHWISE_SIZES 3

/// Pooling windows of a row of outputs: `width` of them, `step` floats apart, each of `rows` x
/// `columns` pixels of 16 floats.
typedef struct ic_windows {
  ptrdiff_t rows, row_stride, columns, column_stride, step, width;
} ic_windows;

/// Whether a tile of `outputs` (1 ... 4) has frequency f (0 ... 5) in one direction.
IC_INLINE int ic_winograd_has(ptrdiff_t outputs, ptrdiff_t f) {
  const int frequencies = outputs == 4 ? 0x3f : outputs == 3 ? 0x2f : outputs == 2 ? 0x27 : 0x23;
  return frequencies >> f & 1;
}

/// The products of one tile of a Winograd convolution and where its outputs go.
typedef struct ic_winograd_tile {
  const float *frequencies;
  ptrdiff_t frequency_stride;
  const float *bias;
  float *output;
  const float *residual;
  ptrdiff_t output_row_stride, residual_row_stride;
  /// Outputs that exist, up to four each way.
  ptrdiff_t rows, columns;
  const ic_activation *activation;
} ic_winograd_tile;

struct ic_kernels {
  ic_tile_function tile[2][IC_TILE_PIXELS];
  ic_depthwise_function depthwise[IC_DEPTHWISE_SIZES][2];
  ic_depthwise_function depthwise_any;
  /// The same for groups of 2, 4 and 8 channels: any kernel, stride and dilation.
  ic_depthwise_function narrow[3];
  /// Transforms the 3x3 weights of one input channel for up to 16 outputs, `output_stride` apart;
  /// frequency f goes to the 16 floats at out + f * frequency_stride.
  void (*winograd_weights)(
      const float *weights, ptrdiff_t output_stride, ptrdiff_t lanes, float *out,
      ptrdiff_t frequency_stride);
  /// Transforms the inputs of neighbouring tiles of 4x4 outputs; frequency f of tile t goes to
  /// out + f * frequency_stride + t * 16.
  void (*winograd_input)(
      const float *in, ptrdiff_t row_stride, ptrdiff_t tiles, float *out,
      ptrdiff_t frequency_stride);
  /// The same for one tile of fewer outputs.
  void (*winograd_edge)(
      const float *in, ptrdiff_t row_stride, ptrdiff_t rows, ptrdiff_t columns, float *out,
      ptrdiff_t frequency_stride);
  /// Transforms the products of a tile to its outputs.
  void (*winograd_output)(const ic_winograd_tile *tile);
  /// Applies an activation to `count` floats in place.
  void (*activate)(float *x, ptrdiff_t count, const ic_activation *activation);
  /// out = a op b over `count` floats.
  void (*binary)(
      ic_binary_op op, const float *a, const float *b, float *out, ptrdiff_t count);
  /// out = in * scale + shift over `pixels` of 16 floats; either may be NULL.
  void (*affine_block)(
      const float *in, const float *scale, const float *shift, float *out, ptrdiff_t pixels);
  /// out = in * scale + shift over `count` floats; either may be NULL.
  void (*affine_row)(
      const float *in, const float *scale, const float *shift, float *out, ptrdiff_t count);
  /// The maximum, or the sum times `factor`, of each window.
  void (*row_max)(const float *in, const ic_windows *windows, float *out);
  void (*row_sum)(const float *in, const ic_windows *windows, float factor, float *out);
  /// The sum over a plane of `rows` x `columns` pixels of 16 floats, times `factor`.
  void (*plane_mean)(
      const float *in, ptrdiff_t rows, ptrdiff_t row_stride, ptrdiff_t columns, float factor,
      float *out);
  /// Sixteen planes, `plane` floats apart, to `pixels` of 16 floats, and back; lanes from
  /// `lanes` on are zeroed or skipped.
  void (*interleave)(
      const float *in, ptrdiff_t plane, ptrdiff_t lanes, float *out, ptrdiff_t pixels);
  void (*deinterleave)(
      const float *in, float *out, ptrdiff_t plane, ptrdiff_t lanes, ptrdiff_t pixels);
  /// Copies lanes [from, from + lanes) of each pixel to lanes [to, to + lanes).
  void (*copy_lanes)(
      const float *in, ptrdiff_t from, float *out, ptrdiff_t to, ptrdiff_t lanes,
      ptrdiff_t pixels);
  void (*layer_norm)(
      const float *in, const float *scale, const float *shift, float epsilon, float *out,
      ptrdiff_t count);
  void (*softmax)(const float *in, float *out, ptrdiff_t count);
};

extern const ic_kernels ic_generic_kernels;
#if defined(__x86_64__)
extern const ic_kernels ic_avx2_kernels;
extern const ic_kernels ic_avx512_kernels;
#endif

IC_INLINE ptrdiff_t ic_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
IC_INLINE ptrdiff_t ic_max(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
IC_INLINE ptrdiff_t ic_ceil_div(ptrdiff_t a, ptrdiff_t b) { return (a + b - 1) / b; }

/// The first pixel of tile `t` of `tiles` that split `width` evenly.
IC_INLINE ptrdiff_t ic_tile_start(ptrdiff_t t, ptrdiff_t tiles, ptrdiff_t width) {
  const ptrdiff_t size = width / tiles, rest = width % tiles;
  return t * size + ic_min(t, rest);
}

/// The first pixel of image 0, block 0, inside the halo.
IC_INLINE float *ic_blocked_origin(const ic_view *view) {
  return view->base + view->layout.top * ic_blocked_row_floats(&view->layout) +
         view->layout.left * IC_BLOCK;
}

/// Output channels of the panels of a convolution: IC_PANEL or IC_BLOCK.
ptrdiff_t ic_conv_panel(const ic_convolution *conv);
/// The input blocks that outputs [first, first + count) read.
void ic_conv_input_blocks(
    const ic_convolution *conv, ptrdiff_t first, ptrdiff_t count, ptrdiff_t *first_block,
    ptrdiff_t *block_count);

#endif
