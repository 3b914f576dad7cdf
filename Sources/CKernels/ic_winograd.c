// Convolutions of 3x3 by F(4x4, 3x3): 36 products for 16 outputs instead of 144.
//
// Tiles of 4x4 outputs, smaller ones at the right and the bottom, are numbered through all images. A
// block of them is transformed to frequencies, each frequency is a matrix product over the channels
// by the register tiles of the direct kernels, and the products are transformed back. Every tile is
// computed alike whatever tiles it is blocked with.

#include <string.h>

#include "ic_internal.h"

#define IC_WINOGRAD_FREQUENCIES 36
/// Most tiles of a block.
#define IC_WINOGRAD_TILES 84

int ic_winograd_fits(const ic_convolution *conv) {
  return conv->groups == 1 && conv->kernel_h == 3 && conv->kernel_w == 3 && conv->stride_h == 1 &&
         conv->stride_w == 1 && conv->dilation_h == 1 && conv->dilation_w == 1;
}

ptrdiff_t ic_winograd_packed_floats(const ic_convolution *conv) {
  return IC_WINOGRAD_FREQUENCIES * ic_blocks(conv->input_channels) *
         ic_blocks(conv->output_channels) * IC_BLOCK * IC_BLOCK;
}

void ic_winograd_pack(
    const ic_kernels *kernels, const ic_convolution *conv, const float *weights, float *packed) {
  // packed is [panel][frequency][input channel][panel width]
  const ptrdiff_t inputs = conv->input_channels;
  const ptrdiff_t padded = ic_blocks(inputs) * IC_BLOCK;
  memset(packed, 0, (size_t)ic_winograd_packed_floats(conv) * sizeof(float));
  for (ptrdiff_t o = 0; o < conv->output_channels; o += IC_PANEL) {
    const ptrdiff_t rest = conv->output_channels - o;
    const ptrdiff_t width = ic_min(IC_PANEL, ic_blocks(rest) * IC_BLOCK);
    for (ptrdiff_t c = 0; c < inputs; c++) {
      for (ptrdiff_t j = 0; j < width; j += IC_BLOCK) {
        kernels->winograd_weights(
            weights + ((o + j) * inputs + c) * 9, inputs * 9, ic_min(IC_BLOCK, rest - j),
            packed + c * width + j, padded * width);
      }
    }
    packed += IC_WINOGRAD_FREQUENCIES * padded * width;
  }
}

/// Tiles that are transformed together: enough to pay for reading the weights, few enough for
/// their frequencies to stay in the second-level cache.
static ptrdiff_t block_tiles(const ic_convolution *conv) {
  const ptrdiff_t channels = ic_max(conv->input_channels, conv->output_channels);
  return channels <= 64 ? 28 : channels <= 256 ? 56 : IC_WINOGRAD_TILES;
}

/// One cache line keeps the frequencies of a tile out of each other's sets.
static ptrdiff_t frequency_stride(ptrdiff_t blocks, ptrdiff_t tiles) {
  return (blocks * tiles + 1) * IC_BLOCK;
}

ptrdiff_t ic_winograd_scratch_floats(const ic_convolution *conv) {
  const ptrdiff_t tiles = block_tiles(conv);
  return IC_WINOGRAD_FREQUENCIES *
         (frequency_stride(ic_blocks(conv->input_channels), tiles) +
          frequency_stride(IC_PANEL / IC_BLOCK, tiles));
}

/// A convolution with its tiles.
typedef struct ic_winograd {
  const ic_kernels *kernels;
  const ic_convolution *conv;
  const ic_view *input, *output, *residual;
  const ic_activation *activation;
  /// Rows and columns of tiles of one image.
  ptrdiff_t rows, columns;
  /// Outputs of the last row and column of tiles.
  ptrdiff_t last_rows, last_columns;
  /// The range of tiles in the scratch memory, and the floats between two of its frequencies.
  ptrdiff_t begin, end, input_stride, product_stride;
  /// Where each of them lies: kind by kind.
  ptrdiff_t slot[IC_WINOGRAD_TILES], kind_start[5];
  float *frequencies, *products;
} ic_winograd;

/// The image and position of a tile.
typedef struct ic_tile_position {
  ptrdiff_t image, y, x;
} ic_tile_position;

IC_INLINE ic_tile_position tile_position(const ic_winograd *w, ptrdiff_t tile) {
  const ptrdiff_t per_image = w->rows * w->columns, inside = tile % per_image;
  const ic_tile_position position = {
      tile / per_image, inside / w->columns, inside % w->columns};
  return position;
}

/// Tiles by the frequencies they have, in an order in which the tiles that have a given frequency
/// are neighbours.
enum { SHORT_ROWS = 0, WHOLE = 1, SHORT_COLUMNS = 2, SHORT_BOTH = 3, KINDS = 4 };

IC_INLINE int tile_kind(const ic_winograd *w, ic_tile_position at) {
  const int rows = at.y == w->rows - 1 && w->last_rows < IC_WINOGRAD_OUTPUTS;
  const int columns = at.x == w->columns - 1 && w->last_columns < IC_WINOGRAD_OUTPUTS;
  return rows ? (columns ? SHORT_BOTH : SHORT_ROWS) : columns ? SHORT_COLUMNS : WHOLE;
}

/// Gives each tile of the block its place.
static void place_tiles(ic_winograd *w) {
  ptrdiff_t next[KINDS] = {0};
  for (ptrdiff_t t = w->begin; t < w->end; t++) next[tile_kind(w, tile_position(w, t))]++;
  w->kind_start[0] = 0;
  for (int kind = 0; kind < KINDS; kind++) {
    w->kind_start[kind + 1] = w->kind_start[kind] + next[kind];
    next[kind] = w->kind_start[kind];
  }
  for (ptrdiff_t t = w->begin; t < w->end; t++) {
    w->slot[t - w->begin] = next[tile_kind(w, tile_position(w, t))]++;
  }
}

/// Transforms the tiles of one block of channels.
static void transform_block(const ic_winograd *w, ptrdiff_t block) {
  const ic_layout *l = &w->input->layout;
  const ptrdiff_t row = ic_blocked_row_floats(l), tiles = w->end - w->begin;
  const float *origin = ic_blocked_origin(w->input) + block * ic_blocked_plane_floats(l) -
                        w->conv->pad_top * row - w->conv->pad_left * IC_BLOCK;
  const ptrdiff_t whole_columns =
      w->columns - (w->last_columns < IC_WINOGRAD_OUTPUTS ? 1 : 0);
  ptrdiff_t count;
  for (ptrdiff_t t = w->begin; t < w->end; t += count) {
    const ic_tile_position at = tile_position(w, t);
    const float *in = origin + at.image * w->input->image_stride +
                      at.y * IC_WINOGRAD_OUTPUTS * row + at.x * IC_WINOGRAD_OUTPUTS * IC_BLOCK;
    float *out = w->frequencies + (block * tiles + w->slot[t - w->begin]) * IC_BLOCK;
    if (tile_kind(w, at) == WHOLE) {
      count = ic_min(whole_columns - at.x, w->end - t);
      w->kernels->winograd_input(in, row, count, out, w->input_stride);
    } else {
      count = 1;
      w->kernels->winograd_edge(
          in, row, at.y == w->rows - 1 ? w->last_rows : IC_WINOGRAD_OUTPUTS,
          at.x == w->columns - 1 ? w->last_columns : IC_WINOGRAD_OUTPUTS, out, w->input_stride);
    }
  }
}

/// The places of the tiles that have frequency f: [*begin, *end).
static void frequency_tiles(
    const ic_winograd *w, ptrdiff_t f, ptrdiff_t *begin, ptrdiff_t *end) {
  const int rows = ic_winograd_has(w->last_rows, f / 6);
  const int columns = ic_winograd_has(w->last_columns, f % 6);
  *begin = w->kind_start[rows ? SHORT_ROWS : WHOLE];
  *end = w->kind_start[columns ? (rows ? KINDS : SHORT_BOTH) : SHORT_COLUMNS];
}

/// Multiplies all frequencies of the block by one panel of weights.
static void multiply_panel(const ic_winograd *w, const float *weights, ptrdiff_t blocks) {
  static const float zeros[IC_PANEL];
  static const ic_activation none = {IC_ACTIVATION_NONE, 0, 0, 0};
  const ptrdiff_t tap = 0, count = w->end - w->begin;
  const ptrdiff_t steps = ic_blocks(w->conv->input_channels) * IC_BLOCK;
  ic_tile tile = {
      .pixel_stride = IC_BLOCK, .block_stride = count * IC_BLOCK, .blocks = steps / IC_BLOCK,
      .tap_count = 1, .inner = IC_BLOCK, .taps = &tap, .bias = zeros,
      .output_pixel_stride = IC_BLOCK, .output_block_stride = count * IC_BLOCK,
      .activation = &none};
  for (ptrdiff_t f = 0; f < IC_WINOGRAD_FREQUENCIES; f++) {
    ptrdiff_t first, last;
    frequency_tiles(w, f, &first, &last);
    const ptrdiff_t parts = ic_ceil_div(last - first, IC_TILE_PIXELS);
    tile.weights = weights + f * steps * blocks * IC_BLOCK;
    for (ptrdiff_t part = 0; part < parts; part++) {
      const ptrdiff_t begin = first + ic_tile_start(part, parts, last - first);
      const ptrdiff_t end = first + ic_tile_start(part + 1, parts, last - first);
      tile.input = w->frequencies + f * w->input_stride + begin * IC_BLOCK;
      tile.output = w->products + f * w->product_stride + begin * IC_BLOCK;
      tile.next = part + 1 < parts ? (end - begin) * IC_BLOCK : w->input_stride - begin * IC_BLOCK;
      // Two tiles prefetch the weights of the next frequency.
      tile.ahead = tile.weights + steps * IC_BLOCK * (blocks + ic_min(part, 1));
      w->kernels->tile[blocks - 1][end - begin - 1](&tile);
    }
  }
}

/// Transforms the products of one block of output channels back.
static void finish_block(
    const ic_winograd *w, const float *bias, ptrdiff_t block, const float *products) {
  const ic_layout *l = &w->output->layout;
  const ptrdiff_t plane = block * ic_blocked_plane_floats(l);
  ic_winograd_tile tile = {
      .frequency_stride = w->product_stride, .bias = bias,
      .output_row_stride = ic_blocked_row_floats(l), .activation = w->activation};
  for (ptrdiff_t t = w->begin; t < w->end; t++) {
    const ic_tile_position at = tile_position(w, t);
    const ptrdiff_t y = at.y * IC_WINOGRAD_OUTPUTS, x = at.x * IC_WINOGRAD_OUTPUTS;
    tile.frequencies = products + w->slot[t - w->begin] * IC_BLOCK;
    tile.rows = ic_min(IC_WINOGRAD_OUTPUTS, l->height - y);
    tile.columns = ic_min(IC_WINOGRAD_OUTPUTS, l->width - x);
    tile.output = ic_blocked_origin(w->output) + at.image * w->output->image_stride + plane +
                  y * tile.output_row_stride + x * IC_BLOCK;
    if (w->residual != NULL) {
      const ic_layout *r = &w->residual->layout;
      tile.residual_row_stride = ic_blocked_row_floats(r);
      tile.residual = ic_blocked_origin(w->residual) + at.image * w->residual->image_stride +
                      block * ic_blocked_plane_floats(r) + y * tile.residual_row_stride +
                      x * IC_BLOCK;
    }
    w->kernels->winograd_output(&tile);
  }
}

void ic_winograd_run(
    const ic_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images, float *scratch) {
  const ic_layout *l = &output->layout;
  ic_winograd w = {
      .kernels = kernels, .conv = conv, .input = input, .output = output, .residual = residual,
      .activation = activation, .rows = ic_ceil_div(l->height, IC_WINOGRAD_OUTPUTS),
      .columns = ic_ceil_div(l->width, IC_WINOGRAD_OUTPUTS)};
  w.last_rows = l->height - (w.rows - 1) * IC_WINOGRAD_OUTPUTS;
  w.last_columns = l->width - (w.columns - 1) * IC_WINOGRAD_OUTPUTS;
  const ptrdiff_t input_blocks = ic_blocks(conv->input_channels);
  const ptrdiff_t total = images * w.rows * w.columns;
  const ptrdiff_t blocks = ic_ceil_div(total, block_tiles(conv));
  for (ptrdiff_t b = 0; b < blocks; b++) {
    w.begin = ic_tile_start(b, blocks, total);
    w.end = ic_tile_start(b + 1, blocks, total);
    w.input_stride = frequency_stride(input_blocks, w.end - w.begin);
    w.product_stride = frequency_stride(IC_PANEL / IC_BLOCK, w.end - w.begin);
    w.frequencies = scratch;
    w.products = scratch + IC_WINOGRAD_FREQUENCIES * w.input_stride;
    place_tiles(&w);
    for (ptrdiff_t i = 0; i < input_blocks; i++) transform_block(&w, i);
    const float *weights = packed;
    for (ptrdiff_t o = 0; o < conv->output_channels; o += IC_PANEL) {
      const ptrdiff_t panel =
          ic_min(IC_PANEL / IC_BLOCK, ic_blocks(conv->output_channels - o));
      multiply_panel(&w, weights, panel);
      for (ptrdiff_t n = 0; n < panel; n++) {
        finish_block(
            &w, bias + o + n * IC_BLOCK, o / IC_BLOCK + n,
            w.products + n * (w.end - w.begin) * IC_BLOCK);
      }
      weights += IC_WINOGRAD_FREQUENCIES * input_blocks * IC_BLOCK * panel * IC_BLOCK;
    }
  }
}
