// Depthwise rows: (taps of one channel block) x (neighbouring output pixels in registers). The
// including file defines IC_DEPTHWISE_PIXELS, the pixels of one tile.

/// Adds one kernel row to `pixels` outputs; taps run from left to right for each output.
IC_INLINE void ic_depthwise_add_row(
    ic_v acc[IC_DEPTHWISE_PIXELS], const float *in, const float *weights, const int pixels,
    const int taps, const int stride) {
  ic_v w[7];
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) w[t] = ic_load(weights + t * IC_BLOCK);
#pragma clang loop unroll(full)
  for (int column = 0; column < (pixels - 1) * stride + taps; column++) {
    const ic_v x = ic_load(in + column * IC_BLOCK);
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) {
      const int m = (column - t) / stride;
      if (column >= t && (column - t) % stride == 0 && m < pixels) {
        acc[m] = ic_multiply_add(x, w[t], acc[m]);
      }
    }
  }
}

IC_INLINE void ic_depthwise_finish_registers(
    ic_v acc[IC_DEPTHWISE_PIXELS], const ic_depthwise_row *row, ptrdiff_t x, const int pixels) {
  const ic_activation activation = *row->activation;
  if (row->residual != NULL && !activation.before_residual) {
#pragma clang loop unroll(full)
    for (int m = 0; m < pixels; m++) acc[m] += ic_load(row->residual + (x + m) * IC_BLOCK);
  }
  if (activation.kind == IC_ACTIVATION_RELU || activation.kind == IC_ACTIVATION_CLIP) {
    const int clips = activation.kind == IC_ACTIVATION_CLIP;
    const float low = clips ? activation.a : 0.0f;
    const float high = clips ? activation.b : __builtin_inff();
#pragma clang loop unroll(full)
    for (int m = 0; m < pixels; m++) acc[m] = ic_clip(acc[m], low, high);
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < pixels; m++) ic_store(row->output + (x + m) * IC_BLOCK, acc[m]);
}

IC_INLINE void ic_depthwise_pixels(
    const ic_depthwise_row *row, ptrdiff_t x, const int pixels, const int taps,
    const int stride) {
  ic_v acc[IC_DEPTHWISE_PIXELS];
  const ic_v bias = ic_load(row->bias);
#pragma clang loop unroll(full)
  for (int m = 0; m < pixels; m++) acc[m] = bias;
  const float *in = row->input + x * stride * IC_BLOCK;
  const float *weights = row->weights;
#pragma clang loop unroll(disable)
  for (int ky = 0; ky < taps; ky++) {
    ic_depthwise_add_row(acc, in, weights, pixels, taps, stride);
    in += row->row_stride;
    weights += taps * IC_BLOCK;
  }
  ic_depthwise_finish_registers(acc, row, x, pixels);
}

/// The epilogue's part that works on memory: dear activations and late residuals.
static void ic_depthwise_finish_row(const ic_depthwise_row *row) {
  const ic_activation *activation = row->activation;
  if (activation->kind > IC_ACTIVATION_CLIP) {
    ic_simd_activate(row->output, row->width * IC_BLOCK, activation);
  }
  if (row->residual == NULL || !activation->before_residual) return;
  for (ptrdiff_t i = 0; i < row->width * IC_BLOCK; i += IC_BLOCK) {
    ic_store(row->output + i, ic_load(row->output + i) + ic_load(row->residual + i));
  }
}

/// A tile of `pixels`, where that many fit the registers.
#define IC_DEPTHWISE_CASE(pixels, size, stride)                                  \
  case pixels:                                                                   \
    ic_depthwise_pixels(                                                         \
        row, x, pixels <= IC_DEPTHWISE_PIXELS ? pixels : 1, size, stride);       \
    break;

/// Splits a row evenly into tiles.
#define IC_DEPTHWISE(size, stride)                                               \
  static void ic_depthwise_##size##_##stride(const ic_depthwise_row *row) {      \
    const ptrdiff_t tiles = ic_ceil_div(row->width, IC_DEPTHWISE_PIXELS);        \
    for (ptrdiff_t t = 0, x = 0; t < tiles; t++) {                               \
      const ptrdiff_t end = ic_tile_start(t + 1, tiles, row->width);             \
      switch (end - x) {                                                         \
        IC_DEPTHWISE_CASE(1, size, stride) IC_DEPTHWISE_CASE(2, size, stride)    \
        IC_DEPTHWISE_CASE(3, size, stride) IC_DEPTHWISE_CASE(4, size, stride)    \
        IC_DEPTHWISE_CASE(5, size, stride) IC_DEPTHWISE_CASE(6, size, stride)    \
        IC_DEPTHWISE_CASE(7, size, stride) IC_DEPTHWISE_CASE(8, size, stride)    \
        IC_DEPTHWISE_CASE(9, size, stride) IC_DEPTHWISE_CASE(10, size, stride)   \
        IC_DEPTHWISE_CASE(11, size, stride) IC_DEPTHWISE_CASE(12, size, stride)  \
        IC_DEPTHWISE_CASE(13, size, stride) IC_DEPTHWISE_CASE(14, size, stride)  \
      }                                                                          \
      x = end;                                                                   \
    }                                                                            \
    ic_depthwise_finish_row(row);                                                \
  }
IC_DEPTHWISE(3, 1)
IC_DEPTHWISE(3, 2)
IC_DEPTHWISE(5, 1)
IC_DEPTHWISE(5, 2)
IC_DEPTHWISE(7, 1)
IC_DEPTHWISE(7, 2)

/// Any kernel, stride and dilation.
static void ic_depthwise_any(const ic_depthwise_row *row) {
  for (ptrdiff_t x = 0; x < row->width; x++) {
    ic_v acc[IC_DEPTHWISE_PIXELS] = {ic_load(row->bias)};
    const float *weights = row->weights;
    for (ptrdiff_t ky = 0; ky < row->kernel_h; ky++) {
      const float *in = row->input + x * row->stride * IC_BLOCK + ky * row->row_stride;
      for (ptrdiff_t kx = 0; kx < row->kernel_w; kx++) {
        acc[0] = ic_multiply_add(ic_load(in), ic_load(weights), acc[0]);
        in += row->column_step;
        weights += IC_BLOCK;
      }
    }
    ic_depthwise_finish_registers(acc, row, x, 1);
  }
  ic_depthwise_finish_row(row);
}

#define IC_DEPTHWISE_TABLE                       \
  {                                              \
    {ic_depthwise_3_1, ic_depthwise_3_2},        \
    {ic_depthwise_5_1, ic_depthwise_5_2},        \
    {ic_depthwise_7_1, ic_depthwise_7_2},        \
  }
