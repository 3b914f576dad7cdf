// Normalisation and softmax of one row.

IC_INLINE float ic_sum_lanes(ic_v x) {
  float lane[IC_BLOCK];
  ic_store(lane, x);
  for (int width = IC_BLOCK / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lane[i] += lane[i + width];
  }
  return lane[0];
}

/// The last vector of a row, filled up with `fill`.
IC_INLINE ic_v ic_load_tail(const float *p, ptrdiff_t count, float fill) {
  float tail[IC_BLOCK];
  for (int i = 0; i < IC_BLOCK; i++) tail[i] = i < count ? p[i] : fill;
  return ic_load(tail);
}

/// Sum of (x - mean), or of its square, over a row.
IC_INLINE float ic_moment(const float *in, ptrdiff_t count, float mean, const int squared) {
  ic_v sum[2] = {ic_splat(0), ic_splat(0)};
  ptrdiff_t i = 0;
  for (; i + 32 <= count; i += 32) {
    for (int j = 0; j < 2; j++) {
      const ic_v x = ic_load(in + i + j * IC_BLOCK) - ic_splat(mean);
      sum[j] = squared ? ic_multiply_add(x, x, sum[j]) : sum[j] + x;
    }
  }
  for (; i < count; i += IC_BLOCK) {
    const ic_v x = ic_load_tail(in + i, ic_min(count - i, IC_BLOCK), mean) - ic_splat(mean);
    sum[0] = squared ? ic_multiply_add(x, x, sum[0]) : sum[0] + x;
  }
  return ic_sum_lanes(sum[0] + sum[1]);
}

static void ic_simd_layer_norm(
    const float *in, const float *scale, const float *shift, float epsilon, float *out,
    ptrdiff_t count) {
  const float n = (float)count;
  const float mean = ic_moment(in, count, 0, 0) / n;
  const float variance = ic_moment(in, count, mean, 1) / n;
  const float factor = 1.0f / __builtin_sqrtf(variance + epsilon);
  ptrdiff_t i = 0;
  for (; i + IC_BLOCK <= count; i += IC_BLOCK) {
    ic_v x = (ic_load(in + i) - ic_splat(mean)) * ic_splat(factor);
    if (scale != NULL) x *= ic_load(scale + i);
    if (shift != NULL) x += ic_load(shift + i);
    ic_store(out + i, x);
  }
  for (; i < count; i++) {
    float x = (in[i] - mean) * factor;
    if (scale != NULL) x *= scale[i];
    if (shift != NULL) x += shift[i];
    out[i] = x;
  }
}

/// The largest element; NaN may be passed over, as softmax spreads it by the sum.
IC_INLINE float ic_largest(const float *in, ptrdiff_t count) {
  ic_v top = ic_splat(in[0]);
  ptrdiff_t i = 0;
  for (; i + IC_BLOCK <= count; i += IC_BLOCK) {
    const ic_v x = ic_load(in + i);
    top = x > top ? x : top;
  }
  const ic_v tail = ic_load_tail(in + i, count - i, in[0]);
  return __builtin_reduce_max(tail > top ? tail : top);
}

static void ic_simd_softmax(const float *in, float *out, ptrdiff_t count) {
  const float largest = ic_largest(in, count);
  ic_v sum = ic_splat(0);
  for (ptrdiff_t i = 0; i < count; i += IC_BLOCK) {
    const ptrdiff_t lanes = ic_min(count - i, IC_BLOCK);
    ic_v x = lanes == IC_BLOCK ? ic_load(in + i)
                               : ic_load_tail(in + i, lanes, -__builtin_inff());
    x = ic_exp(x - ic_splat(largest));
    sum += x;
    if (lanes == IC_BLOCK) {
      ic_store(out + i, x);
    } else {
      __builtin_memcpy(out + i, &x, (size_t)lanes * sizeof(float));
    }
  }
  const float factor = 1.0f / ic_sum_lanes(sum);
  ptrdiff_t i = 0;
  for (; i + IC_BLOCK <= count; i += IC_BLOCK) {
    ic_store(out + i, ic_load(out + i) * ic_splat(factor));
  }
  for (; i < count; i++) out[i] *= factor;
}
