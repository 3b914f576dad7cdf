// The byte kernels in loops over the sixteen channels of a block, compiled once per instruction set.

/// The integer nearest to x, halves to even, for |x| < 2^22.
IC_INLINE int32_t ic_nearest(float x) {
  const float sum = x + 12582912.0f;
  int32_t bits;
  __builtin_memcpy(&bits, &sum, sizeof bits);
  return bits - 0x4b400000;
}

/// The comparisons take NaN to the lowest.
IC_INLINE uint8_t ic_rounded_byte(float x, const ic_byte_rounding *r) {
  x = x > r->low ? x : r->low;
  x = x < r->high ? x : r->high;
  return (uint8_t)(ic_nearest(x) + r->zero);
}

IC_INLINE void ic_round_sums(
    const int32_t *sums, const float *factors, const ic_byte_rounding *rounding, uint8_t *out) {
  const ic_byte_rounding r = *rounding;
  for (int j = 0; j < IC_BLOCK; j++) out[j] = ic_rounded_byte((float)sums[j] * factors[j], &r);
}

/// Weights [tap][16] of int16.
static void ic_bytes_depthwise_pairs(const ic_byte_row *row) {
  const int16_t *w = row->weights;
  for (ptrdiff_t x = 0; x < row->width; x++) {
    const uint8_t *input = row->input + x * row->step;
    int32_t sums[IC_BLOCK];
    for (int j = 0; j < IC_BLOCK; j++) sums[j] = row->bias[j];
    for (ptrdiff_t t = 0; t < row->tap_count; t++) {
      const uint8_t *p = input + row->taps[t];
      for (int j = 0; j < IC_BLOCK; j++) sums[j] += (int32_t)p[j] * w[t * IC_BLOCK + j];
    }
    ic_round_sums(sums, row->factors, row->rounding, row->output + x * IC_BLOCK);
  }
}

static void ic_bytes_add_pixels(
    const ic_byte_sum *sum, const uint8_t *a, const uint8_t *b, uint8_t *out, ptrdiff_t pixels) {
  const ic_byte_sum s = *sum;
  for (ptrdiff_t i = 0; i < pixels * IC_BLOCK; i++) {
    const float inner = __builtin_fmaf((float)b[i] + s.offset_b, s.factor_b, s.constant);
    out[i] = ic_rounded_byte(
        __builtin_fmaf((float)a[i] + s.offset_a, s.factor_a, inner), &s.rounding);
  }
}

static void ic_bytes_sum_row(const uint8_t *in, ptrdiff_t pixels, int32_t *sums) {
  for (ptrdiff_t x = 0; x < pixels; x++) {
    for (int j = 0; j < IC_BLOCK; j++) sums[j] += in[x * IC_BLOCK + j];
  }
}

static void ic_bytes_max_pixels(
    const uint8_t *in, ptrdiff_t step, uint8_t *out, ptrdiff_t pixels) {
  for (ptrdiff_t x = 0; x < pixels; x++) {
    for (int j = 0; j < IC_BLOCK; j++) {
      const uint8_t a = in[x * step + j], b = out[x * IC_BLOCK + j];
      out[x * IC_BLOCK + j] = a > b ? a : b;
    }
  }
}

static void ic_bytes_quantize(
    const float *in, float scale, const ic_byte_rounding *rounding, uint8_t *out,
    ptrdiff_t count) {
  const ic_byte_rounding r = *rounding;
  for (ptrdiff_t i = 0; i < count; i++) out[i] = ic_rounded_byte(in[i] / scale, &r);
}

static void ic_bytes_dequantize(
    const uint8_t *in, float scale, int32_t zero, float *out, ptrdiff_t pixels) {
  for (ptrdiff_t i = 0; i < pixels * IC_BLOCK; i++) out[i] = (float)(in[i] - zero) * scale;
}

#define IC_BYTES_COMMON                                                         \
  .add = ic_bytes_add_pixels, .sum_row = ic_bytes_sum_row,                      \
  .max_pixels = ic_bytes_max_pixels, .quantize = ic_bytes_quantize,             \
  .dequantize = ic_bytes_dequantize
