// Convolutions and matrix products of bf16 operands: regions of the input are rounded into a copy
// [image][row][column][channel] in the cache, over which the register tiles run.

#include <string.h>

#include "ic_bf16_internal.h"
#include "ic_walk.h"

/// Bytes of the copy; a part of the second-level cache.
#define IC_BF16_COPY_BYTES (256 * 1024)
/// Floats behind the last pixel, which the tail of its channels may touch.
#define IC_BF16_SLACK IC_BLOCK
/// Floats of the copy.
#define IC_BF16_COPY_FLOATS (IC_BF16_COPY_BYTES / 4 - IC_BF16_SLACK)

const ic_bf16_kernels *ic_bf16_kernels_for(ic_isa isa) {
#if defined(__x86_64__)
  if (isa == IC_ISA_AVX512 && ic_kernels_for(isa) != NULL && __builtin_cpu_supports("avx512bf16")) {
    return &ic_avx512_bf16_kernels;
  }
#endif
  (void)isa;
  return NULL;
}

/// Pairs of channels.
static ptrdiff_t pair_count(ptrdiff_t channels) { return ic_ceil_div(channels, 2); }

/// Floats from one pixel of the copy to the next: quarters of a cache line, and never so many that
/// neighbours share the sets of the first-level cache.
static ptrdiff_t pixel_floats(ptrdiff_t channels) {
  const ptrdiff_t floats = ic_ceil_div(pair_count(channels), 4) * 4;
  return floats % 128 == 0 ? floats + IC_BLOCK : floats;
}

// ------------------------------------------------------------------------------------- packing

/// Rounds to bf16, ties to even; NaN stays NaN.
static uint16_t rounded(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/// Packs one pair of rows of a panel: weight j of channel c lies at from[j * output + c * input].
static uint16_t *pack_pair(
    const float *from, ptrdiff_t output, ptrdiff_t input, ptrdiff_t channels, ptrdiff_t outputs,
    ptrdiff_t width, uint16_t *to) {
  for (ptrdiff_t j = 0; j < width; j++, to += 2) {
    to[0] = j < outputs ? rounded(from[j * output]) : 0;
    to[1] = j < outputs && channels > 1 ? rounded(from[j * output + input]) : 0;
  }
  return to;
}

ptrdiff_t ic_bf16_conv_packed_floats(const ic_convolution *conv) {
  return pair_count(conv->input_channels) * conv->kernel_h * conv->kernel_w *
         ic_blocks(conv->output_channels) * IC_BLOCK;
}

void ic_bf16_conv_pack(const ic_convolution *conv, const float *weights, float *packed) {
  const ptrdiff_t inputs = conv->input_channels, taps = conv->kernel_h * conv->kernel_w;
  uint16_t *to = (uint16_t *)packed;
  for (ptrdiff_t o = 0; o < conv->output_channels; o += IC_PANEL) {
    const ptrdiff_t rest = conv->output_channels - o;
    const ptrdiff_t width = ic_min(IC_PANEL, ic_blocks(rest) * IC_BLOCK);
    for (ptrdiff_t t = 0; t < taps; t++) {
      for (ptrdiff_t c = 0; c < inputs; c += 2) {
        to = pack_pair(
            weights + (o * inputs + c) * taps + t, inputs * taps, taps, inputs - c, rest, width,
            to);
      }
    }
  }
}

ptrdiff_t ic_bf16_matrix_packed_floats(ptrdiff_t inner, ptrdiff_t columns) {
  return pair_count(inner) * ic_blocks(columns) * IC_BLOCK;
}

void ic_bf16_matrix_pack(
    ptrdiff_t inner, ptrdiff_t columns, const float *weights, ptrdiff_t inner_stride,
    ptrdiff_t column_stride, float *packed) {
  uint16_t *to = (uint16_t *)packed;
  for (ptrdiff_t n = 0; n < columns; n += IC_PANEL) {
    const ptrdiff_t rest = columns - n;
    const ptrdiff_t width = ic_min(IC_PANEL, ic_blocks(rest) * IC_BLOCK);
    for (ptrdiff_t k = 0; k < inner; k += 2) {
      to = pack_pair(
          weights + k * inner_stride + n * column_stride, column_stride, inner_stride, inner - k,
          rest, width, to);
    }
  }
}

// ------------------------------------------------------------------------------------- copying

/// What a region of outputs reads in one direction: output i reads from i * step - pad on,
/// `reach` places. The copy has every place, or for single ones only those that are read.
typedef struct ic_reading {
  ptrdiff_t step, pad, reach;
} ic_reading;

/// Places of the copy from one output's input to the next one's.
IC_INLINE ptrdiff_t copied_step(ic_reading r) { return r.reach == 1 ? 1 : r.step; }

/// Places of the copy that `outputs` read.
IC_INLINE ptrdiff_t copied_count(ic_reading r, ptrdiff_t outputs) {
  return (outputs - 1) * copied_step(r) + r.reach;
}

/// Most outputs whose places are no more than `places`.
IC_INLINE ptrdiff_t copied_outputs(ic_reading r, ptrdiff_t places) {
  return places < r.reach ? 0 : (places - r.reach) / copied_step(r) + 1;
}

/// A convolution or product over a copy.
typedef struct ic_bf16_walk {
  ic_walk walk;
  const ic_bf16_kernels *kernels;
  ptrdiff_t channels;
  ic_reading rows, columns;
  /// Where pixel (0, 0) of the input lies, and the floats between its neighbours.
  ic_pixels source;
  /// Whether the channels of a pixel lie side by side.
  int is_rows;
} ic_bf16_walk;

static void copy_line(
    const ic_bf16_walk *w, const float *in, ptrdiff_t step, ptrdiff_t pixels, float *out) {
  const ptrdiff_t stride = pixel_floats(w->channels);
  if (w->is_rows) {
    for (ptrdiff_t i = 0; i < pixels; i++) {
      w->kernels->row(in + i * step, out + i * stride, w->channels);
    }
    return;
  }
  // The last block first: what it writes past the channels of its pixel is written again.
  for (ptrdiff_t b = ic_blocks(w->channels) - 1; b >= 0; b--) {
    w->kernels->pixels(
        in + b * w->source.block, step, out + b * (IC_BLOCK / 2), stride, pixels);
  }
}

/// Runs the outputs of some images, rows and columns on a copy of what they read.
static void run_part(
    const ic_bf16_walk *w, ptrdiff_t image, ptrdiff_t images, ptrdiff_t y, ptrdiff_t height,
    ptrdiff_t x, ptrdiff_t width) {
  _Alignas(64) float copy[IC_BF16_COPY_FLOATS + IC_BF16_SLACK];
  const ptrdiff_t stride = pixel_floats(w->channels);
  const ptrdiff_t rows = copied_count(w->rows, height);
  const ptrdiff_t columns = copied_count(w->columns, width);
  const ptrdiff_t row_step = w->rows.reach == 1 ? w->rows.step : 1;
  const ptrdiff_t column_step = w->columns.reach == 1 ? w->columns.step : 1;
  float *line = copy;
  for (ptrdiff_t i = image; i < image + images; i++) {
    const float *in = w->source.origin + i * w->source.image +
                      (y * w->rows.step - w->rows.pad) * w->source.row +
                      (x * w->columns.step - w->columns.pad) * w->source.pixel;
    for (ptrdiff_t r = 0; r < rows; r++, line += columns * stride) {
      copy_line(
          w, in + r * row_step * w->source.row, column_step * w->source.pixel, columns, line);
    }
  }
  const ptrdiff_t offset =
      image * w->walk.output.image + y * w->walk.output.row + x * w->walk.output.pixel;
  const ic_pixels input = {
      copy, rows * columns * stride, copied_step(w->rows) * columns * stride,
      copied_step(w->columns) * stride, 0};
  ic_walk part = w->walk;
  part.images = images;
  part.height = height;
  part.width = width;
  part.input = input;
  part.tile.pixel_stride = input.pixel;
  part.output.origin += offset;
  if (part.residual.origin != NULL) {
    part.residual.origin += image * part.residual.image + y * part.residual.row +
                            x * part.residual.pixel;
  }
  ptrdiff_t taps[IC_MAX_TAPS], *tap = taps;
  const ic_convolution *conv = w->walk.conv;
  part.conv = NULL;
  if (conv == NULL) {
    *tap++ = 0;
  } else {
    for (ptrdiff_t ky = 0; ky < conv->kernel_h; ky++) {
      for (ptrdiff_t kx = 0; kx < conv->kernel_w; kx++) {
        *tap++ = (ky * conv->dilation_h * columns + kx * conv->dilation_w) * stride;
      }
    }
  }
  part.tile.taps = taps;
  part.tile.tap_count = tap - taps;
  const ic_region region = {0, images, 0, height, 0, ic_ceil_div(width, IC_TILE_PIXELS)};
  ic_run_region(&part, &region, region.tile_end);
}

/// Cuts a count into pieces of at most `most`, of the same size but for one.
static ptrdiff_t piece(ptrdiff_t count, ptrdiff_t most) {
  return ic_ceil_div(count, ic_ceil_div(count, ic_max(most, 1)));
}

/// Covers all outputs by parts whose input fits the copy.
static void run_parts(const ic_bf16_walk *w) {
  const ptrdiff_t stride = pixel_floats(w->channels);
  const ptrdiff_t row = copied_count(w->columns, w->walk.width) * stride;
  const ptrdiff_t whole = row * copied_count(w->rows, w->walk.height);
  ptrdiff_t images = 1, height = w->walk.height, width = w->walk.width;
  if (whole <= IC_BF16_COPY_FLOATS) {
    images = piece(w->walk.images, IC_BF16_COPY_FLOATS / whole);
  } else if (copied_outputs(w->rows, IC_BF16_COPY_FLOATS / row) > 0) {
    height = piece(height, copied_outputs(w->rows, IC_BF16_COPY_FLOATS / row));
  } else {
    height = 1;
    width = copied_outputs(w->columns, IC_BF16_COPY_FLOATS / (w->rows.reach * stride));
    width = piece(w->walk.width, ic_max(width / IC_TILE_PIXELS, 1) * IC_TILE_PIXELS);
  }
  for (ptrdiff_t i = 0; i < w->walk.images; i += images) {
    for (ptrdiff_t y = 0; y < w->walk.height; y += height) {
      for (ptrdiff_t x = 0; x < w->walk.width; x += width) {
        run_part(
            w, i, ic_min(images, w->walk.images - i), y, ic_min(height, w->walk.height - y), x,
            ic_min(width, w->walk.width - x));
      }
    }
  }
}

/// Floats of the copy for one tile.
static ptrdiff_t tile_floats(ptrdiff_t channels, ic_reading rows, ic_reading columns) {
  return rows.reach * copied_count(columns, IC_TILE_PIXELS) * pixel_floats(channels);
}

static void set_tile(
    ic_bf16_walk *w, const float *packed, const float *bias, const ic_activation *activation) {
  w->walk.kernels = w->kernels->base;
  w->walk.tiles = w->kernels->tile;
  w->walk.panel = IC_PANEL;
  w->walk.tile.blocks = 1;
  w->walk.tile.inner = pair_count(w->channels);
  w->walk.tile.weights = packed;
  w->walk.tile.bias = bias;
  w->walk.tile.activation = activation;
  w->walk.tile.output_pixel_stride = w->walk.output.pixel;
  w->walk.tile.output_block_stride = w->walk.output.block;
  w->walk.tile.residual_pixel_stride = w->walk.residual.pixel;
  w->walk.tile.residual_block_stride = w->walk.residual.block;
}

// -------------------------------------------------------------------------------- convolutions

static void set_readings(const ic_convolution *conv, ic_reading *rows, ic_reading *columns) {
  rows->step = conv->stride_h;
  rows->pad = conv->pad_top;
  rows->reach = (conv->kernel_h - 1) * conv->dilation_h + 1;
  columns->step = conv->stride_w;
  columns->pad = conv->pad_left;
  columns->reach = (conv->kernel_w - 1) * conv->dilation_w + 1;
}

int ic_bf16_conv_fits(const ic_convolution *conv) {
  ic_reading rows, columns;
  set_readings(conv, &rows, &columns);
  return conv->groups == 1 && conv->kernel_h * conv->kernel_w <= IC_MAX_TAPS &&
         tile_floats(conv->input_channels, rows, columns) <= IC_BF16_COPY_FLOATS;
}

static ic_pixels pixels_of(const ic_view *view) {
  const ic_pixels pixels = {
      ic_blocked_origin(view), view->image_stride, ic_blocked_row_floats(&view->layout), IC_BLOCK,
      ic_blocked_plane_floats(&view->layout)};
  return pixels;
}

void ic_bf16_conv_run(
    const ic_bf16_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images) {
  ic_bf16_walk w;
  memset(&w, 0, sizeof w);
  w.kernels = kernels;
  w.channels = conv->input_channels;
  set_readings(conv, &w.rows, &w.columns);
  w.source = pixels_of(input);
  w.walk.conv = conv;
  w.walk.outputs = conv->output_channels;
  w.walk.images = images;
  w.walk.height = output->layout.height;
  w.walk.width = output->layout.width;
  w.walk.output = pixels_of(output);
  if (residual != NULL) w.walk.residual = pixels_of(residual);
  set_tile(&w, packed, bias, activation);
  // Rows without a halo are one row.
  const int single = w.rows.reach == 1 && w.columns.reach == 1 && w.rows.step == 1 &&
                     w.columns.step == 1 && w.rows.pad == 0 && w.columns.pad == 0;
  const ptrdiff_t row = w.walk.width * IC_BLOCK;
  if (single && w.source.row == row && w.walk.output.row == row &&
      (residual == NULL || w.walk.residual.row == row)) {
    w.walk.width *= w.walk.height;
    w.walk.height = 1;
  }
  run_parts(&w);
}

// ------------------------------------------------------------------------------------ matrices

int ic_bf16_matrix_fits(ptrdiff_t inner) {
  const ic_reading single = {1, 0, 1};
  return tile_floats(inner, single, single) <= IC_BF16_COPY_FLOATS;
}

void ic_bf16_matrix_run(
    const ic_bf16_kernels *kernels, const float *packed, const float *bias,
    const ic_activation *activation, const ic_rows *input, const ic_rows *output,
    const ic_rows *residual) {
  if (input->rows == 0) return;
  const ic_reading single = {1, 0, 1};
  ic_bf16_walk w;
  memset(&w, 0, sizeof w);
  w.kernels = kernels;
  w.channels = input->columns;
  w.rows = single;
  w.columns = single;
  w.is_rows = 1;
  w.source.origin = input->base;
  w.source.pixel = input->row_stride;
  w.walk.outputs = output->columns;
  w.walk.exact = 1;
  w.walk.images = 1;
  w.walk.height = 1;
  w.walk.width = input->rows;
  w.walk.output.origin = output->base;
  w.walk.output.pixel = output->row_stride;
  w.walk.output.block = IC_BLOCK;
  if (residual != NULL) {
    w.walk.residual.origin = residual->base;
    w.walk.residual.pixel = residual->row_stride;
    w.walk.residual.block = IC_BLOCK;
  }
  set_tile(&w, packed, bias, activation);
  run_parts(&w);
}
