#ifndef IC_BYTES_H
#define IC_BYTES_H

#include "ic_kernels.h"

// Kernels over activations of 8-bit integers in channel blocks. A byte is the distance of an integer
// from the lowest one of its grid; the byte `zero` stands for the number zero. Sums are exact in
// int32 (they wrap), so that every instruction set gives the same bytes. Sizes and strides count bytes
// unless said otherwise.

/// The instruction sets with byte kernels of their own, weakest first.
typedef enum ic_byte_isa { IC_BYTES_GENERIC = 0, IC_BYTES_AVX2 = 1, IC_BYTES_VNNI = 2 } ic_byte_isa;

/// The kernels of one instruction set; an opaque constant table.
typedef struct ic_byte_kernels ic_byte_kernels;

/// The kernels for `isa`, or NULL where the processor or the build lacks it.
const ic_byte_kernels *ic_byte_kernels_for(ic_byte_isa isa);

/// Bytes of several images: image i starts at base + i * image_stride. Laid out as `ic_layout` says
/// of blocks, one byte an element. Up to 128 bytes behind the last image may be read.
typedef struct ic_byte_view {
  uint8_t *base;
  ic_layout layout;
  ptrdiff_t image_stride;
} ic_byte_view;

/// byte = round(min(max(sum * factor, low), high)) + zero, halves to even.
typedef struct ic_byte_rounding {
  float low, high;
  int32_t zero;
} ic_byte_rounding;

/// Writes `value` to the halo of every plane.
void ic_bytes_fill_halo(const ic_byte_view *view, uint8_t value, ptrdiff_t images);

/// How weights are packed: four int8 for each output channel side by side, or two int16.
typedef enum ic_byte_packing { IC_BYTES_PAIRS = 0, IC_BYTES_QUADS = 1 } ic_byte_packing;

/// The packing for weights; quads only where the kernels have them and all weights fit int8.
ic_byte_packing ic_bytes_packing(
    const ic_byte_kernels *kernels, const int16_t *weights, ptrdiff_t count);

/// Bytes of the packed weights of a convolution.
ptrdiff_t ic_bytes_conv_packed(const ic_convolution *conv, ic_byte_packing packing);
/// Packs plain weights [output][input / groups][kernel_h][kernel_w]; `packed` is 64-byte aligned.
void ic_bytes_conv_pack(
    const ic_convolution *conv, ic_byte_packing packing, const int16_t *weights, void *packed);
/// Writes bias - zero * (the sum of a channel's weights) for each output channel, zeros up to whole
/// blocks; `bias` may be NULL.
void ic_bytes_conv_pack_bias(
    const ic_convolution *conv, const int16_t *weights, const int32_t *bias, int32_t zero,
    int32_t *packed);

/// output = rounding((conv(input) + bias) * factors); `factors` has whole blocks, the input's halo the
/// byte that stands for zero.
void ic_bytes_conv_run(
    const ic_byte_kernels *kernels, const ic_convolution *conv, ic_byte_packing packing,
    const void *packed, const int32_t *bias, const float *factors,
    const ic_byte_rounding *rounding, const ic_byte_view *input, const ic_byte_view *output,
    ptrdiff_t images);

/// A sum of bytes of two grids: fma(a + offset_a, factor_a, fma(b + offset_b, factor_b, constant)),
/// limited to low...high, rounded, plus zero.
typedef struct ic_byte_sum {
  float factor_a, factor_b, constant, offset_a, offset_b;
  ic_byte_rounding rounding;
} ic_byte_sum;

/// Any of the three may be the same view.
void ic_bytes_add(
    const ic_byte_kernels *kernels, const ic_byte_sum *sum, const ic_byte_view *a,
    const ic_byte_view *b, const ic_byte_view *output, ptrdiff_t images);

/// Writes the mean of each plane: the sum of (byte - zero) times factor, rounded. The output has one
/// pixel.
void ic_bytes_global_average(
    const ic_byte_kernels *kernels, const ic_byte_view *input, int32_t zero, float factor,
    const ic_byte_rounding *rounding, const ic_byte_view *output, ptrdiff_t images);

void ic_bytes_max_pool(
    const ic_byte_kernels *kernels, const ic_pool *pool, const ic_byte_view *input,
    const ic_byte_view *output, ptrdiff_t images);

/// byte = round(min(max(x / scale, low), high)) + zero of plain [images][channels][height][width];
/// NaN gives the lowest.
void ic_bytes_from_nchw(
    const ic_byte_kernels *kernels, const float *nchw, float scale,
    const ic_byte_rounding *rounding, const ic_byte_view *output, ptrdiff_t images);
/// The same of blocked floats.
void ic_bytes_from_blocked(
    const ic_byte_kernels *kernels, const ic_view *input, float scale,
    const ic_byte_rounding *rounding, const ic_byte_view *output, ptrdiff_t images);
/// Writes (byte - zero) * scale as blocked floats; lanes past the channels hold numbers too.
void ic_bytes_to_blocked(
    const ic_byte_kernels *kernels, const ic_byte_view *input, float scale, int32_t zero,
    const ic_view *output, ptrdiff_t images);
/// The same as plain [images][channels][height][width].
void ic_bytes_to_nchw(
    const ic_byte_view *input, float scale, int32_t zero, float *nchw, ptrdiff_t images);

#endif
