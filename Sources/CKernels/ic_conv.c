#include <string.h>

#include "ic_walk.h"

/// Bytes of input that the tiles of one block of pixels share; a part of the second-level cache.
#define IC_BLOCK_BYTES (256 * 1024)

/// Pixels so many floats apart share sets of the first-level cache and drive each other out.
#define IC_ALIAS_FLOATS 512
/// Most bytes of such pixels that are copied apart at once.
#define IC_COPY_BYTES (384 * 1024)

/// Runs one region of a matrix whose rows share cache sets on a copy with other distances.
static void run_copied(const ic_walk *walk, const ic_region *region, ptrdiff_t tiles) {
  _Alignas(64) float copy[IC_COPY_BYTES / 4];
  const ptrdiff_t columns = walk->tile.inner, stride = columns + IC_BLOCK;
  const ptrdiff_t begin = ic_tile_start(region->tile, tiles, walk->width);
  const ptrdiff_t end = ic_tile_start(region->tile_end, tiles, walk->width);
  if ((end - begin) * stride * (ptrdiff_t)sizeof(float) > IC_COPY_BYTES) {
    ic_run_region(walk, region, tiles);
    return;
  }
  for (ptrdiff_t row = begin; row < end; row++) {
    memcpy(
        copy + (row - begin) * stride, walk->input.origin + row * walk->input.pixel,
        (size_t)columns * sizeof(float));
  }
  ic_walk part = *walk;
  part.width = end - begin;
  part.input.origin = copy;
  part.input.pixel = stride;
  part.tile.pixel_stride = stride;
  part.output.origin += begin * walk->output.pixel;
  if (walk->residual.origin != NULL) part.residual.origin += begin * walk->residual.pixel;
  ic_region whole = *region;
  whole.tile = 0;
  whole.tile_end = region->tile_end - region->tile;
  ic_run_region(&part, &whole, whole.tile_end);
}

/// Covers all pixels by regions of about IC_BLOCK_BYTES of input.
static void run_walk(const ic_walk *walk) {
  const ptrdiff_t tiles = ic_ceil_div(walk->width, IC_TILE_PIXELS);
  const ptrdiff_t image_bytes = walk->height * walk->input_row_bytes;
  const ptrdiff_t images = ic_max(1, IC_BLOCK_BYTES / ic_max(1, image_bytes));
  const ptrdiff_t bands =
      ic_min(walk->height, ic_max(1, ic_ceil_div(image_bytes, IC_BLOCK_BYTES)));
  const ptrdiff_t rows = ic_ceil_div(walk->height, bands);
  const ptrdiff_t pieces = ic_min(
      tiles, rows > 1 ? 1 : ic_max(1, ic_ceil_div(walk->input_row_bytes, IC_BLOCK_BYTES)));
  const ptrdiff_t span = ic_ceil_div(tiles, pieces);
  ic_region region;
  for (ptrdiff_t i = 0; i < walk->images; i += images) {
    region.image = i;
    region.image_end = ic_min(i + images, walk->images);
    for (ptrdiff_t y = 0; y < walk->height; y += rows) {
      region.y = y;
      region.y_end = ic_min(y + rows, walk->height);
      for (ptrdiff_t t = 0; t < tiles; t += span) {
        region.tile = t;
        region.tile_end = ic_min(t + span, tiles);
        if (walk->copies) {
          run_copied(walk, &region, tiles);
        } else {
          ic_run_region(walk, &region, tiles);
        }
      }
    }
  }
}

static ic_pixels blocked_pixels(const ic_view *view) {
  const ic_pixels pixels = {
      ic_blocked_origin(view), view->image_stride, ic_blocked_row_floats(&view->layout), IC_BLOCK,
      ic_blocked_plane_floats(&view->layout)};
  return pixels;
}

static ic_pixels planar_pixels(const ic_view *view) {
  const ic_layout *l = &view->layout;
  const ptrdiff_t row = l->left + l->width + l->right;
  const ic_pixels pixels = {
      view->base + l->top * row + l->left, view->image_stride, row, 1,
      row * (l->top + l->height + l->bottom)};
  return pixels;
}

/// Joins the rows of planes without halo, and the images of planes of one pixel.
static void flatten(ic_walk *walk) {
  const int has_residual = walk->residual.origin != NULL;
  const int contiguous = walk->input.row == walk->width * walk->input.pixel &&
                         walk->output.row == walk->width * walk->output.pixel &&
                         (!has_residual ||
                          walk->residual.row == walk->width * walk->residual.pixel);
  if (contiguous) {
    walk->width *= walk->height;
    walk->input_row_bytes *= walk->height;
    walk->height = 1;
  }
  if (walk->width == 1 && walk->height == 1) {
    walk->width = walk->images;
    walk->input_row_bytes *= walk->images;
    walk->images = 1;
    walk->input.pixel = walk->input.image;
    walk->output.pixel = walk->output.image;
    walk->residual.pixel = walk->residual.image;
  }
}

/// Fills the offsets of the taps, relative to the pixel where the padding begins.
static void fill_taps(
    const ic_convolution *conv, ptrdiff_t columns, ptrdiff_t row, ptrdiff_t pixel,
    ptrdiff_t *taps) {
  for (ptrdiff_t ky = 0; ky < conv->kernel_h; ky++) {
    for (ptrdiff_t kx = 0; kx < columns; kx++) {
      *taps++ = (ky * conv->dilation_h - conv->pad_top) * row +
                (kx * conv->dilation_w - conv->pad_left) * pixel;
    }
  }
}

static void set_tile_strides(ic_walk *walk) {
  walk->tile.pixel_stride = walk->input.pixel;
  walk->tile.block_stride = walk->input.block;
  walk->tile.output_pixel_stride = walk->output.pixel;
  walk->tile.output_block_stride = walk->output.block;
  walk->tile.residual_pixel_stride = walk->residual.pixel;
  walk->tile.residual_block_stride = walk->residual.block;
}

void ic_conv_run(
    const ic_kernels *kernels, const ic_convolution *conv, ic_source source, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images) {
  const int planar = source == IC_SOURCE_PLANAR;
  ptrdiff_t taps[IC_MAX_TAPS];
  ic_walk walk;
  if (images == 0) return;
  memset(&walk, 0, sizeof walk);
  walk.kernels = kernels;
  walk.tiles = kernels->tile;
  walk.conv = planar ? NULL : conv;
  walk.outputs = conv->output_channels;
  walk.panel = ic_conv_panel(conv);
  walk.images = images;
  walk.height = output->layout.height;
  walk.width = output->layout.width;
  walk.input = planar ? planar_pixels(input) : blocked_pixels(input);
  walk.output = blocked_pixels(output);
  if (residual != NULL) walk.residual = blocked_pixels(residual);
  // Neighbouring taps of a planar row are inner steps, as channels are elsewhere.
  const int joined = planar && conv->dilation_w == 1;
  const ptrdiff_t columns = joined ? 1 : conv->kernel_w;
  fill_taps(conv, columns, walk.input.row, walk.input.pixel, taps);
  walk.tile.taps = taps;
  walk.tile.tap_count = conv->kernel_h * columns;
  walk.tile.inner = joined ? conv->kernel_w : planar ? 1 : IC_BLOCK;
  walk.tile.blocks = planar ? conv->input_channels : 0;
  walk.tile.weights = packed;
  walk.tile.bias = bias;
  walk.tile.activation = activation;
  const ptrdiff_t input_blocks =
      planar ? conv->input_channels : ic_blocks(conv->input_channels);
  walk.input_row_bytes = input_blocks * walk.input.row * conv->stride_h * (ptrdiff_t)sizeof(float);
  const int pointwise = conv->kernel_h == 1 && conv->kernel_w == 1 && conv->stride_h == 1 &&
                        conv->stride_w == 1 && !planar;
  walk.input.row *= conv->stride_h;
  walk.input.pixel *= conv->stride_w;
  if (pointwise && conv->pad_top == 0 && conv->pad_left == 0) flatten(&walk);
  set_tile_strides(&walk);
  run_walk(&walk);
}

void ic_matrix_run(
    const ic_kernels *kernels, const float *packed, const float *bias,
    const ic_activation *activation, const ic_rows *input, const ic_rows *output,
    const ic_rows *residual) {
  if (input->rows == 0) return;
  const ptrdiff_t tap = 0;
  ic_walk walk;
  memset(&walk, 0, sizeof walk);
  walk.kernels = kernels;
  walk.tiles = kernels->tile;
  walk.outputs = output->columns;
  walk.panel = IC_PANEL;
  walk.images = 1;
  walk.height = 1;
  walk.width = input->rows;
  walk.input.origin = input->base;
  walk.input.pixel = input->row_stride;
  walk.output.origin = output->base;
  walk.output.pixel = output->row_stride;
  walk.output.block = IC_BLOCK;
  if (residual != NULL) {
    walk.residual.origin = residual->base;
    walk.residual.pixel = residual->row_stride;
    walk.residual.block = IC_BLOCK;
  }
  walk.tile.taps = &tap;
  walk.tile.tap_count = 1;
  walk.tile.blocks = 1;
  walk.tile.inner = input->columns;
  walk.tile.weights = packed;
  walk.tile.bias = bias;
  walk.tile.activation = activation;
  walk.input_row_bytes = input->rows * input->columns * (ptrdiff_t)sizeof(float);
  walk.exact = 1;
  walk.copies = input->row_stride % IC_ALIAS_FLOATS == 0 && input->rows >= IC_TILE_PIXELS &&
                output->columns >= 4 * IC_PANEL;
  set_tile_strides(&walk);
  run_walk(&walk);
}
