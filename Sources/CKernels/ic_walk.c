#include <string.h>

#include "ic_walk.h"

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
  walk->tiles[blocks - 1][pixels - 1](&inner);
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
          walk->tiles[blocks - 1][end - x - 1](&tile);
        }
        x = end;
      }
    }
  }
}

/// Runs all panels over one region, so that its input stays in the cache.
void ic_run_region(const ic_walk *walk, const ic_region *region, ptrdiff_t tiles) {
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
