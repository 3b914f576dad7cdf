// The table of tiles: the including file defines IC_TILE(pixels, panels).

#define IC_TILE_ROW(panels)                                                       \
  IC_TILE(1, panels) IC_TILE(2, panels) IC_TILE(3, panels) IC_TILE(4, panels)     \
  IC_TILE(5, panels) IC_TILE(6, panels) IC_TILE(7, panels) IC_TILE(8, panels)     \
  IC_TILE(9, panels) IC_TILE(10, panels) IC_TILE(11, panels) IC_TILE(12, panels)  \
  IC_TILE(13, panels) IC_TILE(14, panels)
IC_TILE_ROW(1)
IC_TILE_ROW(2)

#define IC_TILE_TABLE(panels)                                                               \
  {                                                                                         \
    ic_tile_##panels##_1, ic_tile_##panels##_2, ic_tile_##panels##_3, ic_tile_##panels##_4, \
    ic_tile_##panels##_5, ic_tile_##panels##_6, ic_tile_##panels##_7, ic_tile_##panels##_8, \
    ic_tile_##panels##_9, ic_tile_##panels##_10, ic_tile_##panels##_11,                     \
    ic_tile_##panels##_12, ic_tile_##panels##_13, ic_tile_##panels##_14                     \
  }
#define IC_TILES {IC_TILE_TABLE(1), IC_TILE_TABLE(2)}
