#ifndef IC_BF16_H
#define IC_BF16_H

#include "ic_kernels.h"

// Convolutions and matrix products of bf16 operands with float32 sums, for processors that have them.
//
// Activations stay float32 in memory; a kernel rounds the pixels it is about to read (to nearest, ties
// to even) into a copy in the cache. Weights are rounded when they are packed. One output element is
//   bias, then one dot product of two channels per pair of weights in the order (ky, kx, pair),
//   then the float32 epilogue,
// whatever the tile, the position and the number of images. The dot product takes subnormal operands
// and results as zero.

/// The bf16 kernels of one instruction set; an opaque constant table.
typedef struct ic_bf16_kernels ic_bf16_kernels;

/// The bf16 kernels that go with `isa`, or NULL where the processor or the build has none.
const ic_bf16_kernels *ic_bf16_kernels_for(ic_isa isa);

/// Whether the functions below take a convolution: one group, and the input of one tile is small
/// enough to be copied.
int ic_bf16_conv_fits(const ic_convolution *conv);
/// Floats of the memory of the packed weights: [panel][ky][kx][pair][panel width][2].
ptrdiff_t ic_bf16_conv_packed_floats(const ic_convolution *conv);
void ic_bf16_conv_pack(const ic_convolution *conv, const float *weights, float *packed);
/// As ic_conv_run with a blocked source.
void ic_bf16_conv_run(
    const ic_bf16_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images);

/// Whether the functions below take a product over `inner` columns.
int ic_bf16_matrix_fits(ptrdiff_t inner);
/// Floats of the memory of a packed [inner][columns] weight matrix.
ptrdiff_t ic_bf16_matrix_packed_floats(ptrdiff_t inner, ptrdiff_t columns);
/// As ic_matrix_pack.
void ic_bf16_matrix_pack(
    ptrdiff_t inner, ptrdiff_t columns, const float *weights, ptrdiff_t inner_stride,
    ptrdiff_t column_stride, float *packed);
/// As ic_matrix_run.
void ic_bf16_matrix_run(
    const ic_bf16_kernels *kernels, const float *packed, const float *bias,
    const ic_activation *activation, const ic_rows *input, const ic_rows *output,
    const ic_rows *residual);

#endif
