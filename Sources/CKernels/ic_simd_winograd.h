// The transforms of F(4x4, 3x3): the product of a polynomial of degree 3 and one of degree 2, through
// the points 0, p, -p, q, -q and infinity with p = 3/4 and q = 3/2, which are the frequencies 0 ... 5.
// Tiles of fewer outputs, 1 to 3, use fewer of the points and the same transformed weights. All
// coefficients are exact floats, and the points keep rounding errors near those of a direct sum.

#define IC_P 0.75f
#define IC_Q 1.5f
#define IC_P2 0.5625f
#define IC_Q2 2.25f

IC_INLINE IC_TILE_VECTOR ic_w_load(const float *p) { return *(const IC_TILE_UNALIGNED *)p; }
IC_INLINE void ic_w_store(float *p, IC_TILE_VECTOR x) { *(IC_TILE_UNALIGNED *)p = x; }

/// x * y + z with a constant y.
IC_INLINE IC_TILE_VECTOR ic_w_multiply_add(IC_TILE_VECTOR x, float y, IC_TILE_VECTOR z) {
#if IC_FUSED
  return __builtin_elementwise_fma(x, (IC_TILE_VECTOR)(y), z);
#else
  return x * (IC_TILE_VECTOR)(y) + z;
#endif
}

IC_INLINE IC_TILE_VECTOR ic_w_multiply(IC_TILE_VECTOR x, float y) {
  return x * (IC_TILE_VECTOR)(y);
}

/// The inputs d of a tile of four outputs to its frequencies.
IC_INLINE void ic_winograd_forward_4(const IC_TILE_VECTOR d[6], IC_TILE_VECTOR t[6]) {
  const IC_TILE_VECTOR even_p = ic_w_multiply_add(d[2], -IC_Q2, d[4]);
  const IC_TILE_VECTOR odd_p = ic_w_multiply_add(d[1], -IC_Q2, d[3]);
  const IC_TILE_VECTOR even_q = ic_w_multiply_add(d[2], -IC_P2, d[4]);
  const IC_TILE_VECTOR odd_q = ic_w_multiply_add(d[1], -IC_P2, d[3]);
  t[0] = ic_w_multiply_add(
      d[0], IC_P2 * IC_Q2, ic_w_multiply_add(d[2], -(IC_P2 + IC_Q2), d[4]));
  t[1] = ic_w_multiply_add(odd_p, IC_P, even_p);
  t[2] = ic_w_multiply_add(odd_p, -IC_P, even_p);
  t[3] = ic_w_multiply_add(odd_q, IC_Q, even_q);
  t[4] = ic_w_multiply_add(odd_q, -IC_Q, even_q);
  t[5] = ic_w_multiply_add(
      d[1], IC_P2 * IC_Q2, ic_w_multiply_add(d[3], -(IC_P2 + IC_Q2), d[5]));
}

/// The same for `outputs` < 4, which read two inputs more. The weights are divided by the
/// differences between all points, so what the missing ones contribute is multiplied back here.
IC_INLINE void ic_winograd_forward(
    const IC_TILE_VECTOR d[6], IC_TILE_VECTOR t[6], const ptrdiff_t outputs) {
  if (outputs == 4) {
    ic_winograd_forward_4(d, t);
  } else if (outputs == 3) {  // without -q
    const IC_TILE_VECTOR odd = ic_w_multiply_add(d[1], -IC_P2, d[3]);
    const IC_TILE_VECTOR even = ic_w_multiply_add(d[0], -IC_P2, d[2]);
    t[0] = ic_w_multiply(ic_w_multiply_add(even, -IC_Q, odd), IC_Q);
    t[1] = ic_w_multiply(
        ic_w_multiply_add(
            d[2], IC_P - IC_Q, ic_w_multiply_add(d[1], -IC_P * IC_Q, d[3])), IC_Q + IC_P);
    t[2] = ic_w_multiply(
        ic_w_multiply_add(
            d[2], -IC_P - IC_Q, ic_w_multiply_add(d[1], IC_P * IC_Q, d[3])), IC_Q - IC_P);
    t[3] = ic_w_multiply(odd, IC_Q + IC_Q);
    t[5] = ic_w_multiply_add(odd, -IC_Q, ic_w_multiply_add(d[2], -IC_P2, d[4]));
  } else if (outputs == 2) {  // without q, -q
    t[0] = ic_w_multiply(ic_w_multiply_add(d[0], -IC_P2, d[2]), -IC_Q2);
    t[1] = ic_w_multiply(ic_w_multiply_add(d[1], IC_P, d[2]), IC_P2 - IC_Q2);
    t[2] = ic_w_multiply(ic_w_multiply_add(d[1], -IC_P, d[2]), IC_P2 - IC_Q2);
    t[5] = ic_w_multiply_add(d[1], -IC_P2, d[3]);
  } else {  // without -p, q, -q
    t[0] = ic_w_multiply(ic_w_multiply_add(d[0], -IC_P, d[1]), -IC_P * IC_Q2);
    t[1] = ic_w_multiply(d[1], (IC_P + IC_P) * (IC_P2 - IC_Q2));
    t[5] = ic_w_multiply_add(d[1], -IC_P, d[2]);
  }
}

/// The products at the frequencies to four outputs.
IC_INLINE void ic_winograd_backward_4(const IC_TILE_VECTOR m[6], IC_TILE_VECTOR y[4]) {
  const IC_TILE_VECTOR sum_p = m[1] + m[2], difference_p = m[1] - m[2];
  const IC_TILE_VECTOR sum_q = m[3] + m[4], difference_q = m[3] - m[4];
  y[0] = m[0] + sum_p + sum_q;
  y[1] = ic_w_multiply_add(difference_q, IC_Q, ic_w_multiply(difference_p, IC_P));
  y[2] = ic_w_multiply_add(sum_q, IC_Q2, ic_w_multiply(sum_p, IC_P2));
  y[3] = ic_w_multiply_add(
      difference_q, IC_Q * IC_Q2, ic_w_multiply_add(difference_p, IC_P * IC_P2, m[5]));
}

/// The same for `outputs` < 4.
IC_INLINE void ic_winograd_backward(
    const IC_TILE_VECTOR m[6], IC_TILE_VECTOR y[4], const ptrdiff_t outputs) {
  if (outputs == 4) {
    ic_winograd_backward_4(m, y);
  } else if (outputs == 3) {
    const IC_TILE_VECTOR sum = m[1] + m[2];
    y[0] = m[0] + sum + m[3];
    y[1] = ic_w_multiply_add(m[3], IC_Q, ic_w_multiply(m[1] - m[2], IC_P));
    y[2] = ic_w_multiply_add(m[3], IC_Q2, ic_w_multiply_add(sum, IC_P2, m[5]));
  } else if (outputs == 2) {
    y[0] = m[0] + (m[1] + m[2]);
    y[1] = ic_w_multiply_add(m[1] - m[2], IC_P, m[5]);
  } else {
    y[0] = m[0] + m[1] + m[5];
  }
}

/// Transforms a tile of `rows` x `columns` outputs to those of its frequencies that it has.
IC_INLINE void ic_winograd_input_tile(
    const float *in, ptrdiff_t row_stride, const ptrdiff_t rows, const ptrdiff_t columns,
    float *out, ptrdiff_t frequency_stride) {
  IC_TILE_VECTOR column[6][6], d[6], f[6];
  for (ptrdiff_t x = 0; x < columns + 2; x++) {
    for (ptrdiff_t y = 0; y < rows + 2; y++) d[y] = ic_w_load(in + y * row_stride + x * IC_BLOCK);
    ic_winograd_forward(d, column[x], rows);
  }
  for (ptrdiff_t y = 0; y < 6; y++) {
    if (!ic_winograd_has(rows, y)) continue;
    for (ptrdiff_t x = 0; x < columns + 2; x++) d[x] = column[x][y];
    ic_winograd_forward(d, f, columns);
#pragma clang loop unroll(full)
    for (ptrdiff_t x = 0; x < 6; x++) {
      if (ic_winograd_has(columns, x)) ic_w_store(out + (y * 6 + x) * frequency_stride, f[x]);
    }
  }
}

static void ic_simd_winograd_input(
    const float *in, ptrdiff_t row_stride, ptrdiff_t tiles, float *out,
    ptrdiff_t frequency_stride) {
  for (ptrdiff_t t = 0; t < tiles; t++, in += 4 * IC_BLOCK, out += IC_BLOCK) {
    for (int lane = 0; lane < IC_BLOCK; lane += IC_TILE_LANES) {
      ic_winograd_input_tile(in + lane, row_stride, 4, 4, out + lane, frequency_stride);
    }
  }
}

static void ic_simd_winograd_edge(
    const float *in, ptrdiff_t row_stride, ptrdiff_t rows, ptrdiff_t columns, float *out,
    ptrdiff_t frequency_stride) {
  for (int lane = 0; lane < IC_BLOCK; lane += IC_TILE_LANES) {
    ic_winograd_input_tile(
        in + lane, row_stride, rows, columns, out + lane, frequency_stride);
  }
}

/// The activations that are cheap enough for registers.
IC_INLINE IC_TILE_VECTOR ic_w_clip(IC_TILE_VECTOR x, float low, float high) {
  const IC_TILE_VECTOR a = (IC_TILE_VECTOR)(low), b = (IC_TILE_VECTOR)(high);
  x = x < a ? a : x;
  return x > b ? b : x;
}

/// Transforms the products of a tile of `rows` x `columns` outputs back; lanes from `lane` on.
IC_INLINE void ic_winograd_output_tile(
    const ic_winograd_tile *tile, const ptrdiff_t rows, const ptrdiff_t columns, int lane) {
  const ic_activation activation = *tile->activation;
  const int adds = tile->residual != NULL && !activation.before_residual;
  const int clips =
      activation.kind == IC_ACTIVATION_RELU || activation.kind == IC_ACTIVATION_CLIP;
  const float low = activation.kind == IC_ACTIVATION_CLIP ? activation.a : 0.0f;
  const float high = activation.kind == IC_ACTIVATION_CLIP ? activation.b : __builtin_inff();
  IC_TILE_VECTOR column[6][4], m[6], result[4];
  for (ptrdiff_t x = 0; x < 6; x++) {
    if (!ic_winograd_has(columns, x)) continue;
    const float *from = tile->frequencies + x * tile->frequency_stride + lane;
#pragma clang loop unroll(full)
    for (ptrdiff_t y = 0; y < 6; y++) {
      if (ic_winograd_has(rows, y)) m[y] = ic_w_load(from + y * 6 * tile->frequency_stride);
    }
    ic_winograd_backward(m, column[x], rows);
  }
  const IC_TILE_VECTOR bias = ic_w_load(tile->bias + lane);
  for (ptrdiff_t y = 0; y < rows; y++) {
#pragma clang loop unroll(full)
    for (ptrdiff_t x = 0; x < 6; x++) {
      if (ic_winograd_has(columns, x)) m[x] = column[x][y];
    }
    ic_winograd_backward(m, result, columns);
    float *to = tile->output + y * tile->output_row_stride + lane;
    const float *residual =
        adds ? tile->residual + y * tile->residual_row_stride + lane : NULL;
    for (ptrdiff_t x = 0; x < columns; x++) {
      IC_TILE_VECTOR value = result[x] + bias;
      if (adds) value += ic_w_load(residual + x * IC_BLOCK);
      if (clips) value = ic_w_clip(value, low, high);
      ic_w_store(to + x * IC_BLOCK, value);
    }
  }
}

/// Applies what the registers cannot, as in the direct kernels.
static __attribute__((noinline)) void ic_winograd_finish(const ic_winograd_tile *tile) {
  const ic_activation *activation = tile->activation;
  for (ptrdiff_t y = 0; y < tile->rows; y++) {
    float *to = tile->output + y * tile->output_row_stride;
    if (activation->kind > IC_ACTIVATION_CLIP) {
      ic_simd_activate(to, tile->columns * IC_BLOCK, activation);
    }
    if (tile->residual == NULL || !activation->before_residual) continue;
    const float *residual = tile->residual + y * tile->residual_row_stride;
    for (ptrdiff_t x = 0; x < tile->columns * IC_BLOCK; x += IC_BLOCK) {
      ic_store(to + x, ic_load(to + x) + ic_load(residual + x));
    }
  }
}

static void ic_simd_winograd_output(const ic_winograd_tile *tile) {
  const int whole = tile->rows == 4 && tile->columns == 4;
  for (int lane = 0; lane < IC_BLOCK; lane += IC_TILE_LANES) {
    if (whole) {
      ic_winograd_output_tile(tile, 4, 4, lane);
    } else {
      ic_winograd_output_tile(tile, tile->rows, tile->columns, lane);
    }
  }
  const ic_activation *activation = tile->activation;
  if (activation->kind > IC_ACTIVATION_CLIP ||
      (tile->residual != NULL && activation->before_residual)) {
    ic_winograd_finish(tile);
  }
}

typedef double ic_winograd_double __attribute__((ext_vector_type(16)));

/// The values of the polynomial g0 + g1 x + g2 x^2 at the points, divided by what the interpolation
/// multiplies them with.
IC_INLINE void ic_winograd_evaluate(const ic_winograd_double g[3], ic_winograd_double v[6]) {
  const double p = IC_P, q = IC_Q, p2 = IC_P2, q2 = IC_Q2;
  const ic_winograd_double even_p = g[0] + g[2] * p2, odd_p = g[1] * p;
  const ic_winograd_double even_q = g[0] + g[2] * q2, odd_q = g[1] * q;
  v[0] = g[0] * (1 / (p2 * q2));
  v[1] = (even_p + odd_p) * (1 / (2 * p2 * (p2 - q2)));
  v[2] = (even_p - odd_p) * (1 / (2 * p2 * (p2 - q2)));
  v[3] = (even_q + odd_q) * (1 / (2 * q2 * (q2 - p2)));
  v[4] = (even_q - odd_q) * (1 / (2 * q2 * (q2 - p2)));
  v[5] = g[2];
}

/// Transforms the 3x3 weights of one input channel for `lanes` outputs, `output_stride` apart, to
/// pixels of 16 floats; the other lanes become zero.
static void ic_simd_winograd_weights(
    const float *weights, ptrdiff_t output_stride, ptrdiff_t lanes, float *out,
    ptrdiff_t frequency_stride) {
  ic_winograd_double column[3][6], g[3], v[6];
  for (int x = 0; x < 3; x++) {
    for (int y = 0; y < 3; y++) {
      double lane[IC_BLOCK] = {0};
      for (ptrdiff_t j = 0; j < lanes; j++) lane[j] = weights[j * output_stride + y * 3 + x];
      __builtin_memcpy(&g[y], lane, sizeof lane);
    }
    ic_winograd_evaluate(g, column[x]);
  }
  for (int y = 0; y < 6; y++) {
    for (int x = 0; x < 3; x++) g[x] = column[x][y];
    ic_winograd_evaluate(g, v);
    for (int x = 0; x < 6; x++) {
      ic_store(out + (y * 6 + x) * frequency_stride, __builtin_convertvector(v[x], ic_v));
    }
  }
}

#undef IC_P
#undef IC_Q
#undef IC_P2
#undef IC_Q2
