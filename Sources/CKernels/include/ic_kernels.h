#ifndef IC_KERNELS_H
#define IC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

// Float32 kernels over channel-blocked activations. Everything here is a pure function of its
// arguments: no allocation, no global state, safe to call from any number of threads on disjoint
// outputs. Sizes and strides count floats unless said otherwise. Products of bf16 are in ic_bf16.h,
// kernels over bytes in ic_bytes.h.
//
// One output element of a direct convolution or a matrix product is
//   bias, then one multiply-add per weight in the order (input block, ky, kx, lane),
//   then the epilogue,
// whatever the tile, the position and the number of images: results depend on the layer's shape
// and the instruction set alone, never on the batch.

/// Floats of one channel block.
#define IC_BLOCK 16
/// Output channels of one full weight panel.
#define IC_PANEL 32
/// Outputs of one side of a tile of a Winograd convolution.
#define IC_WINOGRAD_OUTPUTS 4
/// Most kernel taps (kernel_h * kernel_w) a convolution may have.
#define IC_MAX_TAPS 1024

/// The instruction sets with kernels of their own, weakest first.
typedef enum ic_isa { IC_ISA_GENERIC = 0, IC_ISA_AVX2 = 1, IC_ISA_AVX512 = 2 } ic_isa;

/// The kernels of one instruction set; an opaque constant table.
typedef struct ic_kernels ic_kernels;

/// The best instruction set of this processor.
ic_isa ic_best_isa(void);
/// The kernels for `isa`, or NULL where the processor or the build lacks it.
const ic_kernels *ic_kernels_for(ic_isa isa);

// ------------------------------------------------------------------------------------- layouts

/// Extents of an activation with a halo of pixels around each plane.
///
/// Blocked: [ceil(channels / 16)][top + height + bottom][left + width + right][16]. Lanes past
/// `channels` hold finite values that nobody may read meaning into.
/// Planar: [channels][top + height + bottom][left + width + right].
typedef struct ic_layout {
  ptrdiff_t channels, height, width;
  ptrdiff_t top, left, bottom, right;
} ic_layout;

/// Activations of several images: image i starts at base + i * image_stride.
/// Blocked images must lie on 64-byte boundaries.
typedef struct ic_view {
  float *base;
  ic_layout layout;
  ptrdiff_t image_stride;
} ic_view;

/// A row-major matrix: row r starts at base + r * row_stride.
typedef struct ic_rows {
  float *base;
  ptrdiff_t rows, columns, row_stride;
} ic_rows;

ptrdiff_t ic_blocks(ptrdiff_t channels);
ptrdiff_t ic_blocked_row_floats(const ic_layout *layout);
ptrdiff_t ic_blocked_plane_floats(const ic_layout *layout);
ptrdiff_t ic_blocked_image_floats(const ic_layout *layout);
ptrdiff_t ic_planar_image_floats(const ic_layout *layout);

/// Writes zeros to the halo of every plane of `images` blocked images.
void ic_blocked_zero_halo(const ic_view *view, ptrdiff_t images);

// ---------------------------------------------------------------------------------- activations

typedef enum ic_activation_kind {
  IC_ACTIVATION_NONE = 0,
  IC_ACTIVATION_RELU,
  IC_ACTIVATION_CLIP,          // min(max(x, a), b)
  IC_ACTIVATION_LEAKY_RELU,    // x < 0 ? a * x : x
  IC_ACTIVATION_SIGMOID,
  IC_ACTIVATION_SILU,          // x * sigmoid(x)
  IC_ACTIVATION_HARD_SIGMOID,  // min(max(a * x + b, 0), 1)
  IC_ACTIVATION_HARD_SWISH,    // x * min(max(x / 6 + 1 / 2, 0), 1)
  IC_ACTIVATION_GELU,          // x / 2 * (1 + erf(x / sqrt 2))
  IC_ACTIVATION_GELU_TANH,     // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
  IC_ACTIVATION_TANH,
  IC_ACTIVATION_ELU            // x < 0 ? a * (exp(x) - 1) : x
} ic_activation_kind;

/// An elementwise function; NaN stays NaN.
typedef struct ic_activation {
  ic_activation_kind kind;
  float a, b;
  /// Nonzero: f(x) + residual; zero: f(x + residual). Only where there is a residual.
  int32_t before_residual;
} ic_activation;

// ---------------------------------------------------------------------------------- convolution

/// A two-dimensional convolution. Output (y, x) reads input rows
/// y * stride_h - pad_top + ky * dilation_h and columns likewise; all of them must exist in the
/// input's planes, halo included.
typedef struct ic_convolution {
  ptrdiff_t input_channels, output_channels, groups;
  ptrdiff_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
} ic_convolution;

/// How the input of a convolution lies in memory.
typedef enum ic_source { IC_SOURCE_BLOCKED = 0, IC_SOURCE_PLANAR = 1 } ic_source;

/// Floats of the packed weights. Planar sources take one group only.
ptrdiff_t ic_conv_packed_floats(const ic_convolution *conv, ic_source source);
/// Floats of the packed bias: output channels, rounded up to whole blocks.
ptrdiff_t ic_conv_bias_floats(const ic_convolution *conv);
/// Packs plain weights [output][input / groups][kernel_h][kernel_w]; `packed` is 64-byte aligned.
void ic_conv_pack(
    const ic_convolution *conv, ic_source source, const float *weights, float *packed);
/// Copies `bias` (or zeros for NULL) and fills up with zeros.
void ic_conv_pack_bias(const ic_convolution *conv, const float *bias, float *packed);

/// output = activation(conv(input) + bias + residual). `residual` may be NULL, and may be the
/// output itself unless it is added after the activation. A planar `input` is read with its own
/// layout.
void ic_conv_run(
    const ic_kernels *kernels, const ic_convolution *conv, ic_source source, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images);

/// Whether the functions below take a convolution: as many outputs as inputs, in groups of one
/// (depthwise), 2, 4 or 8 channels. Packed as [block][ky][kx][channel of the group][16].
int ic_depthwise_fits(const ic_convolution *conv);
ptrdiff_t ic_depthwise_packed_floats(const ic_convolution *conv);
void ic_depthwise_pack(const ic_convolution *conv, const float *weights, float *packed);
void ic_depthwise_run(
    const ic_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images);

/// Whether the functions below take a convolution: one group, 3x3, stride 1, no dilation.
///
/// They compute 4x4 outputs from 36 products instead of 144, by F(4x4, 3x3). One product is a chain
/// of multiply-adds in the order of the input channels, whatever tiles are computed together:
/// results depend on the layer's shape and the instruction set alone.
int ic_winograd_fits(const ic_convolution *conv);
/// Packed as [panel][frequency][input channel][panel width], transformed in double.
ptrdiff_t ic_winograd_packed_floats(const ic_convolution *conv);
void ic_winograd_pack(
    const ic_kernels *kernels, const ic_convolution *conv, const float *weights, float *packed);
/// Floats of memory that a run needs, whatever the number of images.
ptrdiff_t ic_winograd_scratch_floats(const ic_convolution *conv);
/// As ic_conv_run; `scratch` is 64-byte aligned, its contents mean nothing before and after.
void ic_winograd_run(
    const ic_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images, float *scratch);

// --------------------------------------------------------------------------------- row matrices

/// Floats of a packed [inner][columns] weight matrix.
ptrdiff_t ic_matrix_packed_floats(ptrdiff_t inner, ptrdiff_t columns);
/// Floats of the packed bias of a weight matrix.
ptrdiff_t ic_matrix_bias_floats(ptrdiff_t columns);
/// Packs weights[k * inner_stride + n * column_stride].
void ic_matrix_pack(
    ptrdiff_t inner, ptrdiff_t columns, const float *weights, ptrdiff_t inner_stride,
    ptrdiff_t column_stride, float *packed);
/// Copies `bias` (or zeros for NULL) and fills up with zeros.
void ic_matrix_pack_bias(ptrdiff_t columns, const float *bias, float *packed);
/// output = activation(input * weights + bias + residual); K = input->columns, and
/// N = output->columns. `residual` as for a convolution.
void ic_matrix_run(
    const ic_kernels *kernels, const float *packed, const float *bias,
    const ic_activation *activation, const ic_rows *input, const ic_rows *output,
    const ic_rows *residual);

// -------------------------------------------------------------------------------------- pooling

/// A pooling window; padding is virtual, the halo is never read.
typedef struct ic_pool {
  ptrdiff_t kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
  /// Nonzero: average over the window clipped to the image plus all four paddings.
  int32_t count_include_pad;
  ptrdiff_t pad_bottom, pad_right;
} ic_pool;

void ic_max_pool(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images);
void ic_average_pool(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images);
/// Writes row i of `output` ([images][channels]) with the means over image i's planes.
void ic_global_average_pool(
    const ic_kernels *kernels, const ic_view *input, const ic_rows *output, ptrdiff_t images);

// --------------------------------------------------------------------------------- elementwise

typedef enum ic_binary_op { IC_ADD = 0, IC_SUB = 1, IC_MUL = 2, IC_DIV = 3, IC_MAX = 4, IC_MIN = 5 }
    ic_binary_op;

/// output = activation(a op b), elementwise; any of the three may be the same view.
void ic_blocked_binary(
    const ic_kernels *kernels, ic_binary_op op, const ic_activation *activation, const ic_view *a,
    const ic_view *b, const ic_view *output, ptrdiff_t images);

/// output = activation(input * scale[c] + shift[c]); `scale` and `shift` hold `channels` floats
/// per image at the given strides (0: the same for all) and may be NULL.
void ic_blocked_affine(
    const ic_kernels *kernels, const ic_activation *activation, const ic_view *input,
    const float *scale, ptrdiff_t scale_stride, const float *shift, ptrdiff_t shift_stride,
    const ic_view *output, ptrdiff_t images);

/// Copies `count` channels from channel `from` of `input` to channel `to` of `output`; the other
/// lanes of the output's blocks keep their values. Spatial extents are equal.
void ic_blocked_copy_channels(
    const ic_kernels *kernels, const ic_view *input, ptrdiff_t from, const ic_view *output,
    ptrdiff_t to, ptrdiff_t count, ptrdiff_t images);
/// output channel c = input channel table[c]; lanes past `channels` become zero.
void ic_blocked_gather_channels(
    const ic_view *input, const int32_t *table, const ic_view *output, ptrdiff_t images);

// ------------------------------------------------------------------------------------- reorders

/// Plain [images][channels][height][width] to blocked; padding lanes become zero, the halo stays.
void ic_blocked_from_nchw(
    const ic_kernels *kernels, const float *nchw, const ic_view *output, ptrdiff_t images);
/// Blocked to plain [images][channels][height][width].
void ic_blocked_to_nchw(
    const ic_kernels *kernels, const ic_view *input, float *nchw, ptrdiff_t images);
/// Plain [images][channels][height][width] to planar with halo; the halo becomes zero.
void ic_planar_from_nchw(const float *nchw, const ic_view *output, ptrdiff_t images);
/// Token rows to blocked: image i takes rows i * height * width and on.
void ic_blocked_from_rows(const ic_rows *input, const ic_view *output, ptrdiff_t images);
/// Blocked to token rows [images * height * width][channels].
void ic_blocked_to_rows(const ic_view *input, const ic_rows *output, ptrdiff_t images);

// ----------------------------------------------------------------------------------------- rows

/// output = (x - mean) / sqrt(variance + epsilon) * scale + shift along each row; `scale` and
/// `shift` may be NULL. In place is allowed, as for all kernels below.
void ic_rows_layer_norm(
    const ic_kernels *kernels, const ic_rows *input, const float *scale, const float *shift,
    float epsilon, const ic_rows *output);
void ic_rows_softmax(const ic_kernels *kernels, const ic_rows *input, const ic_rows *output);
void ic_rows_activation(
    const ic_kernels *kernels, const ic_activation *activation, const ic_rows *input,
    const ic_rows *output);
/// output = activation(a op b), elementwise.
void ic_rows_binary(
    const ic_kernels *kernels, ic_binary_op op, const ic_activation *activation, const ic_rows *a,
    const ic_rows *b, const ic_rows *output);
/// output = activation(input * scale + shift), one scale and shift per column; either may be NULL.
void ic_rows_affine(
    const ic_kernels *kernels, const ic_activation *activation, const ic_rows *input,
    const float *scale, const float *shift, const ic_rows *output);

#endif
