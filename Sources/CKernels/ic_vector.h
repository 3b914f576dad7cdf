// Vectors of sixteen floats and the elementwise functions on them, compiled once per instruction
// set by the files that include this one. IC_FUSED tells whether multiply-adds are one rounding.

// Every function that takes or returns a vector is inlined, so the calling convention is moot.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float ic_v __attribute__((ext_vector_type(16)));
typedef int32_t ic_vi __attribute__((ext_vector_type(16)));
typedef float ic_vu __attribute__((ext_vector_type(16), aligned(4)));

IC_INLINE ic_v ic_load(const float *p) { return *(const ic_vu *)p; }
IC_INLINE void ic_store(float *p, ic_v x) { *(ic_vu *)p = x; }
IC_INLINE ic_v ic_splat(float x) { return (ic_v)(x); }

/// x * y + z
IC_INLINE ic_v ic_multiply_add(ic_v x, ic_v y, ic_v z) {
#if IC_FUSED
  return __builtin_elementwise_fma(x, y, z);
#else
  return x * y + z;
#endif
}

// The comparisons are written so that NaN in the first argument stays NaN.
IC_INLINE ic_v ic_at_least(ic_v x, ic_v low) { return x < low ? low : x; }
IC_INLINE ic_v ic_at_most(ic_v x, ic_v high) { return x > high ? high : x; }

IC_INLINE ic_v ic_magnitude(ic_v x) {
  return __builtin_bit_cast(ic_v, __builtin_bit_cast(ic_vi, x) & 0x7fffffff);
}

/// 2^n as a float and r = x - n ln 2, for x in [-87.3, 88.3].
IC_INLINE ic_v ic_exp_reduce(ic_v x, ic_v *scale) {
  // The magic number rounds to an integer and leaves it in the low bits.
  const ic_v magic = ic_splat(12582912.0f);
  ic_v t = ic_multiply_add(x, ic_splat(1.44269504f), magic);
  ic_v n = t - magic;
  *scale = __builtin_bit_cast(ic_v, (__builtin_bit_cast(ic_vi, t) + 127) << 23);
  ic_v r = ic_multiply_add(n, ic_splat(-0.693359375f), x);
  return ic_multiply_add(n, ic_splat(2.12194440e-4f), r);
}

/// exp(r) - 1 for |r| <= ln 2 / 2; minimax, relative error 8e-9 before rounding.
IC_INLINE ic_v ic_expm1_reduced(ic_v r) {
  ic_v q = ic_splat(1.390130608e-3f);
  q = ic_multiply_add(q, r, ic_splat(8.363200352e-3f));
  q = ic_multiply_add(q, r, ic_splat(4.166685417e-2f));
  q = ic_multiply_add(q, r, ic_splat(1.666657627e-1f));
  q = ic_multiply_add(q, r, ic_splat(0.5f));
  return ic_multiply_add(q * r, r, r);
}

/// exp(x) for x in [-87.3, 88.3], and the value of the nearer end elsewhere; relative error 2e-7.
IC_INLINE ic_v ic_exp_bounded(ic_v x) {
  ic_v scale;
  ic_v r = ic_exp_reduce(ic_at_most(ic_at_least(x, ic_splat(-87.3f)), ic_splat(88.3f)), &scale);
  return ic_multiply_add(ic_expm1_reduced(r), scale, scale);
}

/// The same, but zero below -87.3.
IC_INLINE ic_v ic_exp(ic_v x) {
  return x < ic_splat(-87.3f) ? ic_splat(0.0f) : ic_exp_bounded(x);
}

/// numerator * sigmoid(x)
IC_INLINE ic_v ic_sigmoid_of(ic_v x, ic_v numerator) {
  return numerator / (ic_splat(1.0f) + ic_exp_bounded(-x));
}

IC_INLINE ic_v ic_silu(ic_v x) { return ic_sigmoid_of(x, ic_at_least(x, ic_splat(-90.0f))); }

IC_INLINE ic_v ic_tanh(ic_v x) {
  ic_v z = x * x;
  ic_v p = ic_splat(-6.045396440e-3f);
  p = ic_multiply_add(p, z, ic_splat(2.096151561e-2f));
  p = ic_multiply_add(p, z, ic_splat(-5.384330824e-2f));
  p = ic_multiply_add(p, z, ic_splat(0.1333271861f));
  p = ic_multiply_add(p, z, ic_splat(-0.3333332837f));
  ic_v small = ic_multiply_add(p * z, x, x);
  ic_v large = ic_splat(1.0f) - ic_splat(2.0f) / (ic_exp(x + x) + ic_splat(1.0f));
  return ic_magnitude(x) < ic_splat(0.63f) ? small : large;
}

/// x times the normal distribution function, to 1e-6; zero in the left tail.
IC_INLINE ic_v ic_gelu(ic_v x) {
  // erf(c / sqrt 2) = c P(c^2) / Q(c^2) for |c| <= 5.65, where it becomes 1; minimax, error 2e-8.
  const ic_v low = ic_at_least(x, ic_splat(-5.65f));
  const ic_v c = ic_at_most(low, ic_splat(5.65f)), z = c * c;
  ic_v p = ic_splat(4.371322504e-8f), q = ic_splat(1.172284669e-6f);
  p = ic_multiply_add(p, z, ic_splat(1.272720152e-5f));
  p = ic_multiply_add(p, z, ic_splat(3.531264083e-4f));
  p = ic_multiply_add(p, z, ic_splat(9.447266348e-3f));
  p = ic_multiply_add(p, z, ic_splat(6.930829585e-2f));
  p = ic_multiply_add(p, z, ic_splat(0.7978844047f));
  q = ic_multiply_add(q, z, ic_splat(7.590945461e-5f));
  q = ic_multiply_add(q, z, ic_splat(1.928419573e-3f));
  q = ic_multiply_add(q, z, ic_splat(2.909747511e-2f));
  q = ic_multiply_add(q, z, ic_splat(0.2535306513f));
  q = ic_multiply_add(q, z, ic_splat(1.0f));
  const ic_v half = low * ic_splat(0.5f);
  return ic_multiply_add(half, c * p / q, half);
}

IC_INLINE ic_v ic_gelu_tanh(ic_v x) {
  ic_v cube = x * x * x;
  ic_v u = ic_multiply_add(cube, ic_splat(0.0713548162f), x * ic_splat(1.5957691216f));
  return ic_sigmoid_of(u, ic_at_least(x, ic_splat(-15.0f)));
}

IC_INLINE ic_v ic_elu(ic_v x, ic_v alpha) {
  ic_v large = ic_exp(x) - ic_splat(1.0f);
  ic_v scale;
  ic_v small = ic_expm1_reduced(ic_exp_reduce(ic_at_least(x, ic_splat(-87.3f)), &scale));
  ic_v y = alpha * (x > ic_splat(-0.34f) ? small : large);
  return x < ic_splat(0.0f) ? y : x;
}

IC_INLINE ic_v ic_clip(ic_v x, float low, float high) {
  return ic_at_most(ic_at_least(x, ic_splat(low)), ic_splat(high));
}

#define IC_ACTIVATE_EACH(expression)                         \
  for (ptrdiff_t i = 0; i + 16 <= count; i += 16) {          \
    ic_v x = ic_load(p + i);                                 \
    ic_store(p + i, (expression));                           \
  }

/// Applies `f` to whole vectors.
static __attribute__((noinline)) void ic_simd_activate_vectors(
    float *p, ptrdiff_t count, const ic_activation *f) {
  switch (f->kind) {
    case IC_ACTIVATION_NONE: break;
    case IC_ACTIVATION_RELU: IC_ACTIVATE_EACH(ic_at_least(x, ic_splat(0.0f))) break;
    case IC_ACTIVATION_CLIP: IC_ACTIVATE_EACH(ic_clip(x, f->a, f->b)) break;
    case IC_ACTIVATION_LEAKY_RELU:
      IC_ACTIVATE_EACH(x < ic_splat(0.0f) ? x * ic_splat(f->a) : x) break;
    case IC_ACTIVATION_SIGMOID: IC_ACTIVATE_EACH(ic_sigmoid_of(x, ic_splat(1.0f))) break;
    case IC_ACTIVATION_SILU: IC_ACTIVATE_EACH(ic_silu(x)) break;
    case IC_ACTIVATION_HARD_SIGMOID:
      IC_ACTIVATE_EACH(
          ic_clip(ic_multiply_add(x, ic_splat(f->a), ic_splat(f->b)), 0.0f, 1.0f)) break;
    case IC_ACTIVATION_HARD_SWISH:
      IC_ACTIVATE_EACH(
          x * ic_clip(ic_multiply_add(x, ic_splat(1.0f / 6), ic_splat(0.5f)), 0.0f, 1.0f)) break;
    case IC_ACTIVATION_GELU: IC_ACTIVATE_EACH(ic_gelu(x)) break;
    case IC_ACTIVATION_GELU_TANH: IC_ACTIVATE_EACH(ic_gelu_tanh(x)) break;
    case IC_ACTIVATION_TANH: IC_ACTIVATE_EACH(ic_tanh(x)) break;
    case IC_ACTIVATION_ELU: IC_ACTIVATE_EACH(ic_elu(x, ic_splat(f->a))) break;
  }
}

static void ic_simd_activate(float *p, ptrdiff_t count, const ic_activation *f) {
  if (f->kind == IC_ACTIVATION_NONE) return;
  ic_simd_activate_vectors(p, count, f);
  const ptrdiff_t rest = count % IC_BLOCK;
  if (rest == 0) return;
  float tail[IC_BLOCK] = {0};
  __builtin_memcpy(tail, p + count - rest, (size_t)rest * sizeof(float));
  ic_simd_activate_vectors(tail, IC_BLOCK, f);
  __builtin_memcpy(p + count - rest, tail, (size_t)rest * sizeof(float));
}
