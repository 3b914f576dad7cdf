// Tiles of up to fourteen pixels and two blocks, put together from the smaller ones that fit the
// registers: IC_TILE_MAX pixels by one block.

IC_INLINE void ic_tile_part(const ic_tile *tile, ptrdiff_t pixels, const int k_bytes) {
  switch (pixels) {
    case 1: ic_tile_body(tile, 1, IC_TILE_VECTORS, k_bytes); break;
    case 2: ic_tile_body(tile, 2, IC_TILE_VECTORS, k_bytes); break;
#if IC_TILE_MAX > 2
    case 3: ic_tile_body(tile, 3, IC_TILE_VECTORS, k_bytes); break;
    case 4: ic_tile_body(tile, 4, IC_TILE_VECTORS, k_bytes); break;
    case 5: ic_tile_body(tile, 5, IC_TILE_VECTORS, k_bytes); break;
    case 6: ic_tile_body(tile, 6, IC_TILE_VECTORS, k_bytes); break;
#endif
  }
}

static __attribute__((noinline)) void ic_tile_part_1(const ic_tile *tile, ptrdiff_t pixels) {
  ic_tile_part(tile, pixels, IC_BLOCK * 4);
}

static __attribute__((noinline)) void ic_tile_part_2(const ic_tile *tile, ptrdiff_t pixels) {
  ic_tile_part(tile, pixels, IC_PANEL * 4);
}

IC_INLINE void ic_tile_split(const ic_tile *tile, ptrdiff_t pixels, ptrdiff_t blocks) {
  const ptrdiff_t parts = ic_ceil_div(pixels, IC_TILE_MAX);
  for (ptrdiff_t n = 0; n < blocks; n++) {
    for (ptrdiff_t part = 0; part < parts; part++) {
      const ptrdiff_t start = part * pixels / parts;
      const ptrdiff_t end = (part + 1) * pixels / parts;
      ic_tile inner = *tile;
      inner.input += start * tile->pixel_stride;
      inner.weights += n * IC_BLOCK;
      inner.bias += n * IC_BLOCK;
      inner.output += start * tile->output_pixel_stride + n * tile->output_block_stride;
      if (tile->residual != NULL) {
        inner.residual += start * tile->residual_pixel_stride + n * tile->residual_block_stride;
      }
      if (blocks == 2) {
        ic_tile_part_2(&inner, end - start);
      } else {
        ic_tile_part_1(&inner, end - start);
      }
    }
  }
}

#define IC_TILE(pixels, panels)                                  \
  static void ic_tile_##panels##_##pixels(const ic_tile *tile) { \
    ic_tile_split(tile, pixels, panels);                         \
  }
