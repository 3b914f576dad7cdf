#include <string.h>

#include "ic_internal.h"

/// Bytes of input that the tiles of one block of pixels share; a part of the second-level cache.
#define IC_BLOCK_BYTES (256 * 1024)

/// Where the pixels of an activation lie.
typedef struct ic_pixels {
  float *origin;
  ptrdiff_t image, row, pixel, block;
} ic_pixels;

/// Pixels so many floats apart share sets of the first-level cache and drive each other out.
#define IC_ALIAS_FLOATS 512
/// Most bytes of such pixels that are copied apart at once.
#define IC_COPY_BYTES (384 * 1024)

/// A convolution or matrix product reduced to rows of pixels.
typedef struct ic_walk {
  const ic_kernels *kernels;
  /// NULL for a matrix product or a planar source, where all panels read all blocks.
  const ic_convolution *conv;
  ic_tile tile;
  ptrdiff_t outputs, panel;
  ptrdiff_t images, height, width;
  /// `row` and `pixel` of the input are those of one step of the output.
  ic_pixels input, output, residual;
  ptrdiff_t input_row_bytes;
  /// Whether outputs past the last column do not exist in memory.
  int exact;
  /// Whether the rows of a matrix are copied to where they do not share cache sets.
  int copies;
} ic_walk;

/// A range of images, rows and tiles of a row.
typedef struct ic_region {
  ptrdiff_t image, image_end, y, y_end, tile, tile_end;
} ic_region;

/// Runs a tile whose last block has only `lanes` columns in memory.
static void run_partial(
    const ic_walk *walk, const ic_tile *tile, ptrdiff_t pixels, ptrdiff_t blocks,
    ptrdiff_t lanes) {
  const ic_activation none = {IC_ACTIVATION_NONE, 0, 0, 0};
  _Alignas(64) float result[IC_TILE_PIXELS * IC_PANEL];
  ic_tile inner = *tile;
  inner.output = result;
  inner.output_pixel_stride = IC_PANEL;
  inner.output_block_stride = IC_BLOCK;
  inner.residual = NULL;
  inner.activation = &none;
  walk->kernels->tile[blocks - 1][pixels - 1](&inner);
  const ptrdiff_t columns = (blocks - 1) * IC_BLOCK + lanes;
  const ic_activation *activation = tile->activation;
  for (ptrdiff_t m = 0; m < pixels; m++) {
    float *x = result + m * IC_PANEL;
    const float *residual =
        tile->residual == NULL ? NULL : tile->residual + m * tile->residual_pixel_stride;
    if (residual != NULL && !activation->before_residual) {
      for (ptrdiff_t n = 0; n < columns; n++) x[n] += residual[n];
    }
    walk->kernels->activate(x, blocks * IC_BLOCK, activation);
    if (residual != NULL && activation->before_residual) {
      for (ptrdiff_t n = 0; n < columns; n++) x[n] += residual[n];
    }
    memcpy(tile->output + m * tile->output_pixel_stride, x, (size_t)columns * sizeof(float));
  }
}

IC_INLINE ptrdiff_t pixel_offset(
    const ic_pixels *p, ptrdiff_t image, ptrdiff_t y, ptrdiff_t x) {
  return image * p->image + y * p->row + x * p->pixel;
}

/// Runs all tiles of one region for one panel; `first` is its first output channel, and
/// `following` are the weights that are needed next.
static void run_panel(
    const ic_walk *walk, ic_tile tile, const ic_region *region, ptrdiff_t tiles,
    ptrdiff_t first, ptrdiff_t blocks, const float *following) {
  const ptrdiff_t steps = tile.blocks * tile.tap_count * tile.inner;
  // The last two tiles prefetch a line each k step, together the next panel.
  ptrdiff_t left = (region->image_end - region->image) * (region->y_end - region->y) *
                   (region->tile_end - region->tile);
  const float *input = tile.input;
  const ptrdiff_t block = first / IC_BLOCK;
  const ptrdiff_t rest = walk->outputs - first;
  const int partial = walk->exact && rest < blocks * IC_BLOCK;
  for (ptrdiff_t image = region->image; image < region->image_end; image++) {
    for (ptrdiff_t y = region->y; y < region->y_end; y++) {
      ptrdiff_t x = ic_tile_start(region->tile, tiles, walk->width);
      for (ptrdiff_t t = region->tile; t < region->tile_end; t++) {
        const ptrdiff_t end = ic_tile_start(t + 1, tiles, walk->width);
        tile.input = input + pixel_offset(&walk->input, image, y, x);
        tile.output = walk->output.origin + block * walk->output.block +
                      pixel_offset(&walk->output, image, y, x);
        if (walk->residual.origin != NULL) {
          tile.residual = walk->residual.origin + block * walk->residual.block +
                          pixel_offset(&walk->residual, image, y, x);
        }
        tile.next = t + 1 < region->tile_end
                        ? (end - x) * walk->input.pixel
                        : walk->input.row - (x - ic_tile_start(region->tile, tiles, walk->width)) *
                                                walk->input.pixel;
        left--;
        tile.ahead = left > 1 ? tile.weights : following + (1 - left) * steps * IC_BLOCK;
        if (partial) {
          run_partial(walk, &tile, end - x, blocks, rest - (blocks - 1) * IC_BLOCK);
        } else {
          walk->kernels->tile[blocks - 1][end - x - 1](&tile);
        }
        x = end;
      }
    }
  }
}

/// Runs all panels over one region, so that its input stays in the cache.
static void run_region(const ic_walk *walk, const ic_region *region, ptrdiff_t tiles) {
  ic_tile tile = walk->tile;
  for (ptrdiff_t first = 0; first < walk->outputs; first += walk->panel) {
    const ptrdiff_t blocks =
        ic_min(walk->panel / IC_BLOCK, ic_blocks(walk->outputs - first));
    ptrdiff_t first_block = 0;
    if (walk->conv != NULL) {
      ic_conv_input_blocks(walk->conv, first, walk->panel, &first_block, &tile.blocks);
    }
    tile.input = walk->input.origin + first_block * walk->input.block;
    const float *following =
        first + walk->panel < walk->outputs
            ? tile.weights + tile.blocks * tile.tap_count * tile.inner * blocks * IC_BLOCK
            : walk->tile.weights;
    run_panel(walk, tile, region, tiles, first, blocks, following);
    tile.weights += tile.blocks * tile.tap_count * tile.inner * blocks * IC_BLOCK;
    tile.bias += blocks * IC_BLOCK;
  }
}

/// Runs one region of a matrix whose rows share cache sets on a copy with other distances.
static void run_copied(const ic_walk *walk, const ic_region *region, ptrdiff_t tiles) {
  _Alignas(64) float copy[IC_COPY_BYTES / 4];
  const ptrdiff_t columns = walk->tile.inner, stride = columns + IC_BLOCK;
  const ptrdiff_t begin = ic_tile_start(region->tile, tiles, walk->width);
  const ptrdiff_t end = ic_tile_start(region->tile_end, tiles, walk->width);
  if ((end - begin) * stride * (ptrdiff_t)sizeof(float) > IC_COPY_BYTES) {
    run_region(walk, region, tiles);
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
  run_region(&part, &whole, whole.tile_end);
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
          run_region(walk, &region, tiles);
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
