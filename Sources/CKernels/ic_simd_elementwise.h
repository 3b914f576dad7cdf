// Elementwise rows, pooling windows and lane copies.

IC_INLINE ic_v ic_binary_of(ic_binary_op op, ic_v a, ic_v b) {
  switch (op) {
    case IC_ADD: return a + b;
    case IC_SUB: return a - b;
    case IC_MUL: return a * b;
    case IC_DIV: return a / b;
    // NaN stays, on either side.
    case IC_MAX: return b != b ? b : ic_at_least(a, b);
    case IC_MIN: return b != b ? b : ic_at_most(a, b);
  }
  return a;
}

IC_INLINE void ic_binary_loop(
    const ic_binary_op op, const float *a, const float *b, float *out, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + 16 <= count; i += 16) {
    ic_store(out + i, ic_binary_of(op, ic_load(a + i), ic_load(b + i)));
  }
  if (i == count) return;
  float x[IC_BLOCK] = {0}, y[IC_BLOCK] = {0};
  const size_t rest = (size_t)(count - i) * sizeof(float);
  __builtin_memcpy(x, a + i, rest);
  __builtin_memcpy(y, b + i, rest);
  ic_store(x, ic_binary_of(op, ic_load(x), ic_load(y)));
  __builtin_memcpy(out + i, x, rest);
}

static void ic_simd_binary(
    ic_binary_op op, const float *a, const float *b, float *out, ptrdiff_t count) {
  switch (op) {
    case IC_ADD: ic_binary_loop(IC_ADD, a, b, out, count); break;
    case IC_SUB: ic_binary_loop(IC_SUB, a, b, out, count); break;
    case IC_MUL: ic_binary_loop(IC_MUL, a, b, out, count); break;
    case IC_DIV: ic_binary_loop(IC_DIV, a, b, out, count); break;
    case IC_MAX: ic_binary_loop(IC_MAX, a, b, out, count); break;
    case IC_MIN: ic_binary_loop(IC_MIN, a, b, out, count); break;
  }
}

static void ic_simd_affine_block(
    const float *in, const float *scale, const float *shift, float *out, ptrdiff_t pixels) {
  const ic_v a = scale == NULL ? ic_splat(1.0f) : ic_load(scale);
  const ic_v b = shift == NULL ? ic_splat(0.0f) : ic_load(shift);
  for (ptrdiff_t i = 0; i < pixels * IC_BLOCK; i += IC_BLOCK) {
    ic_store(out + i, ic_multiply_add(ic_load(in + i), a, b));
  }
}

static void ic_simd_affine_row(
    const float *in, const float *scale, const float *shift, float *out, ptrdiff_t count) {
  const ptrdiff_t whole = count - count % IC_BLOCK;
  for (ptrdiff_t i = 0; i < whole; i += IC_BLOCK) {
    ic_simd_affine_block(
        in + i, scale == NULL ? NULL : scale + i, shift == NULL ? NULL : shift + i, out + i, 1);
  }
  if (whole == count) return;
  float x[IC_BLOCK] = {0}, a[IC_BLOCK] = {0}, b[IC_BLOCK] = {0};
  const size_t rest = (size_t)(count - whole) * sizeof(float);
  __builtin_memcpy(x, in + whole, rest);
  if (scale != NULL) __builtin_memcpy(a, scale + whole, rest);
  if (shift != NULL) __builtin_memcpy(b, shift + whole, rest);
  ic_simd_affine_block(x, scale == NULL ? NULL : a, shift == NULL ? NULL : b, x, 1);
  __builtin_memcpy(out + whole, x, rest);
}

/// The maximum over a window where some element may be NaN, which then wins.
static __attribute__((noinline)) void ic_window_max_with_nan(
    const float *in, const ic_windows *w, float *out) {
  ic_v acc = ic_splat(-3.402823466e38f);
  for (ptrdiff_t y = 0; y < w->rows; y++) {
    for (ptrdiff_t x = 0; x < w->columns; x++) {
      const ic_v value = ic_load(in + y * w->row_stride + x * w->column_stride);
      acc = ((value > acc) | (value != value)) ? value : acc;
    }
  }
  ic_store(out, acc);
}

/// Maxima or scaled sums, with `columns` known to the compiler.
IC_INLINE void ic_window_row(
    const float *in, const ic_windows *w, const ptrdiff_t columns, const int is_max,
    float factor, float *out) {
  for (ptrdiff_t i = 0; i < w->width; i++, in += w->step, out += IC_BLOCK) {
    ic_v sum = ic_splat(0.0f), largest = ic_splat(-3.402823466e38f);
    const float *row = in;
    for (ptrdiff_t y = 0; y < w->rows; y++, row += w->row_stride) {
      for (ptrdiff_t x = 0; x < columns; x++) {
        const ic_v value = ic_load(row + x * w->column_stride);
        sum += value;
        largest = value > largest ? value : largest;
      }
    }
    if (!is_max) {
      ic_store(out, sum * ic_splat(factor));
    } else if (__builtin_reduce_or(sum != sum) == 0) {
      ic_store(out, largest);
    } else {
      ic_window_max_with_nan(in, w, out);
    }
  }
}

IC_INLINE void ic_window_row_any(
    const float *in, const ic_windows *w, const int is_max, float factor, float *out) {
  switch (w->columns) {
    case 2: ic_window_row(in, w, 2, is_max, factor, out); break;
    case 3: ic_window_row(in, w, 3, is_max, factor, out); break;
    default: ic_window_row(in, w, w->columns, is_max, factor, out); break;
  }
}

static void ic_simd_row_max(const float *in, const ic_windows *windows, float *out) {
  ic_window_row_any(in, windows, 1, 0, out);
}

static void ic_simd_row_sum(
    const float *in, const ic_windows *windows, float factor, float *out) {
  ic_window_row_any(in, windows, 0, factor, out);
}

/// The mean over a plane, in eight partial sums per row of pixels.
static void ic_simd_plane_mean(
    const float *in, ptrdiff_t rows, ptrdiff_t row_stride, ptrdiff_t columns, float factor,
    float *out) {
  ic_v sum[4] = {ic_splat(0), ic_splat(0), ic_splat(0), ic_splat(0)};
  for (ptrdiff_t y = 0; y < rows; y++) {
    const float *p = in + y * row_stride;
    ptrdiff_t x = 0;
    for (; x + 4 <= columns; x += 4, p += 4 * IC_BLOCK) {
      for (int i = 0; i < 4; i++) sum[i] += ic_load(p + i * IC_BLOCK);
    }
    for (; x < columns; x++, p += IC_BLOCK) sum[0] += ic_load(p);
  }
  ic_store(out, ((sum[0] + sum[1]) + (sum[2] + sum[3])) * ic_splat(factor));
}

static void ic_simd_copy_lanes(
    const float *in, ptrdiff_t from, float *out, ptrdiff_t to, ptrdiff_t lanes,
    ptrdiff_t pixels) {
  // Between the first and the last pixel, a whole vector from the shifted address stays inside
  // the row; the mask keeps the lanes that are meant.
  const ptrdiff_t shift = from - to;
  ic_vi mask;
  for (int i = 0; i < IC_BLOCK; i++) mask[i] = i >= to && i < to + lanes ? -1 : 0;
  for (ptrdiff_t p = 0; p < pixels; p++) {
    float *target = out + p * IC_BLOCK;
    const float *source = in + p * IC_BLOCK;
    if (p == 0 || p + 1 == pixels) {
      __builtin_memcpy(target + to, source + from, (size_t)lanes * sizeof(float));
    } else {
      const ic_v value = ic_load(source + shift);
      ic_store(target, mask ? value : ic_load(target));
    }
  }
}
