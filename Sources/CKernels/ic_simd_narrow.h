// Rows of grouped convolutions whose groups of 2, 4 or 8 channels lie inside one block: each lane
// takes channel k of its own group by a shuffle.

/// Pixels of one tile.
#define IC_NARROW_PIXELS (IC_DEPTHWISE_PIXELS < 8 ? 2 : 8)

#define IC_GROUP_LANE_CASE(w, k)                                                             \
  case w * 16 + k:                                                                           \
    return __builtin_shufflevector(                                                          \
        x, x, 0 / w * w + k, 1 / w * w + k, 2 / w * w + k, 3 / w * w + k, 4 / w * w + k,     \
        5 / w * w + k, 6 / w * w + k, 7 / w * w + k, 8 / w * w + k, 9 / w * w + k,           \
        10 / w * w + k, 11 / w * w + k, 12 / w * w + k, 13 / w * w + k, 14 / w * w + k,      \
        15 / w * w + k);

/// Lane `k` of each group of `width` lanes, in all lanes of the group.
IC_INLINE ic_v ic_group_lane(ic_v x, const int width, const int k) {
  switch (width * 16 + k) {
    IC_GROUP_LANE_CASE(2, 0)
    IC_GROUP_LANE_CASE(2, 1)
    IC_GROUP_LANE_CASE(4, 0)
    IC_GROUP_LANE_CASE(4, 1)
    IC_GROUP_LANE_CASE(4, 2)
    IC_GROUP_LANE_CASE(4, 3)
    IC_GROUP_LANE_CASE(8, 0)
    IC_GROUP_LANE_CASE(8, 1)
    IC_GROUP_LANE_CASE(8, 2)
    IC_GROUP_LANE_CASE(8, 3)
    IC_GROUP_LANE_CASE(8, 4)
    IC_GROUP_LANE_CASE(8, 5)
    IC_GROUP_LANE_CASE(8, 6)
    IC_GROUP_LANE_CASE(8, 7)
  }
  return x;
}

IC_INLINE void ic_narrow_pixels(
    const ic_depthwise_row *row, ptrdiff_t x, const int pixels, const int width) {
  ic_v acc[IC_DEPTHWISE_PIXELS], value[IC_NARROW_PIXELS];
  const ic_v bias = ic_load(row->bias);
#pragma clang loop unroll(full)
  for (int m = 0; m < pixels; m++) acc[m] = bias;
  const ptrdiff_t step = row->stride * IC_BLOCK;
  const float *weights = row->weights;
  for (ptrdiff_t ky = 0; ky < row->kernel_h; ky++) {
    const float *in = row->input + x * step + ky * row->row_stride;
    for (ptrdiff_t kx = 0; kx < row->kernel_w; kx++, in += row->column_step) {
#pragma clang loop unroll(full)
      for (int m = 0; m < pixels; m++) value[m] = ic_load(in + m * step);
#pragma clang loop unroll(full)
      for (int k = 0; k < width; k++, weights += IC_BLOCK) {
        const ic_v w = ic_load(weights);
#pragma clang loop unroll(full)
        for (int m = 0; m < pixels; m++) {
          acc[m] = ic_multiply_add(ic_group_lane(value[m], width, k), w, acc[m]);
        }
      }
    }
  }
  ic_depthwise_finish_registers(acc, row, x, pixels);
}

/// A tile of `pixels`, where that many fit the registers.
#define IC_NARROW_CASE(pixels, width)                                                  \
  case pixels:                                                                         \
    ic_narrow_pixels(row, x, pixels <= IC_NARROW_PIXELS ? pixels : 1, width);          \
    break;

#define IC_NARROW(lanes)                                                               \
  static void ic_narrow_##lanes(const ic_depthwise_row *row) {                         \
    const ptrdiff_t tiles = ic_ceil_div(row->width, IC_NARROW_PIXELS);                 \
    for (ptrdiff_t t = 0, x = 0; t < tiles; t++) {                                     \
      const ptrdiff_t end = ic_tile_start(t + 1, tiles, row->width);                   \
      switch (end - x) {                                                               \
        IC_NARROW_CASE(1, lanes) IC_NARROW_CASE(2, lanes) IC_NARROW_CASE(3, lanes)     \
        IC_NARROW_CASE(4, lanes) IC_NARROW_CASE(5, lanes) IC_NARROW_CASE(6, lanes)     \
        IC_NARROW_CASE(7, lanes) IC_NARROW_CASE(8, lanes)                              \
      }                                                                                \
      x = end;                                                                         \
    }                                                                                  \
    ic_depthwise_finish_row(row);                                                      \
  }
IC_NARROW(2)
IC_NARROW(4)
IC_NARROW(8)
