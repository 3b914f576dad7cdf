#ifndef IC_WALK_H
#define IC_WALK_H

#include "ic_internal.h"

/// Where the pixels of an activation lie.
typedef struct ic_pixels {
  float *origin;
  ptrdiff_t image, row, pixel, block;
} ic_pixels;

/// A convolution or matrix product reduced to rows of pixels.
typedef struct ic_walk {
  const ic_kernels *kernels;
  /// By blocks of a panel and pixels.
  const ic_tile_function (*tiles)[IC_TILE_PIXELS];
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

/// Runs all panels over one region, so that its input stays in the cache; `tiles` split its rows.
void ic_run_region(const ic_walk *walk, const ic_region *region, ptrdiff_t tiles);

#endif
