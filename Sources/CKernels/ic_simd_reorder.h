// Sixteen planes to pixels of sixteen floats and back, by transposing squares of sixteen.

#define IC_SHUFFLE2(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)

/// Transposes sixteen rows of sixteen floats in four rounds of pairwise exchanges.
IC_INLINE void ic_transpose(ic_v r[16]) {
  ic_v t[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 2) {
    t[i] = IC_SHUFFLE2(
        r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    t[i + 1] = IC_SHUFFLE2(
        r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i += 4) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = IC_SHUFFLE2(
          t[i + j], t[i + j + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      r[i + 2 * j + 1] = IC_SHUFFLE2(
          t[i + j], t[i + j + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  }
  // r[4 g + c] now holds, in quarter q, column 4 q + c of rows 4 g ... 4 g + 3.
#pragma clang loop unroll(full)
  for (int c = 0; c < 4; c++) {
    const ic_v low = IC_SHUFFLE2(
        r[c], r[4 + c], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ic_v low2 = IC_SHUFFLE2(
        r[c], r[4 + c], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    const ic_v high = IC_SHUFFLE2(
        r[8 + c], r[12 + c], 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    const ic_v high2 = IC_SHUFFLE2(
        r[8 + c], r[12 + c], 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
    t[c] = IC_SHUFFLE2(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    t[8 + c] =
        IC_SHUFFLE2(low, high, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    t[4 + c] = IC_SHUFFLE2(low2, high2, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    t[12 + c] =
        IC_SHUFFLE2(low2, high2, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) r[i] = t[i];
}

static void ic_simd_interleave(
    const float *in, ptrdiff_t plane, ptrdiff_t lanes, float *out, ptrdiff_t pixels) {
  ptrdiff_t p = 0;
  for (; p + IC_BLOCK <= pixels; p += IC_BLOCK) {
    ic_v r[16];
    for (int c = 0; c < 16; c++) r[c] = c < lanes ? ic_load(in + c * plane + p) : ic_splat(0);
    ic_transpose(r);
    for (int c = 0; c < 16; c++) ic_store(out + (p + c) * IC_BLOCK, r[c]);
  }
  for (; p < pixels; p++) {
    for (int c = 0; c < 16; c++) out[p * IC_BLOCK + c] = c < lanes ? in[c * plane + p] : 0;
  }
}

static void ic_simd_deinterleave(
    const float *in, float *out, ptrdiff_t plane, ptrdiff_t lanes, ptrdiff_t pixels) {
  ptrdiff_t p = 0;
  for (; p + IC_BLOCK <= pixels; p += IC_BLOCK) {
    ic_v r[16];
    for (int c = 0; c < 16; c++) r[c] = ic_load(in + (p + c) * IC_BLOCK);
    ic_transpose(r);
    for (int c = 0; c < 16; c++) {
      if (c < lanes) ic_store(out + c * plane + p, r[c]);
    }
  }
  for (; p < pixels; p++) {
    for (ptrdiff_t c = 0; c < lanes; c++) out[c * plane + p] = in[p * IC_BLOCK + c];
  }
}
