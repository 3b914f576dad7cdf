// The bf16 kernels for processors with AVX-512 BF16.

#include "ic_bf16_internal.h"

#if defined(__x86_64__)

#include <immintrin.h>

#pragma clang attribute push(                                                             \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))),    \
    apply_to = function)

#define IC_FUSED 1
#include "ic_vector.h"

#define IC_TILE_VECTOR ic_v
#define IC_TILE_UNALIGNED ic_vu
#define IC_TILE_LANES 16
#define IC_TILE_MAX 14
#define IC_TILE_PREFETCH 20
#define IC_TILE_REST 4
#define ic_tile_multiply_add(acc, x, b) \
  __asm__ volatile("vdpbf16ps %2, %1, %0" : "+v"(acc) : "v"(x), "v"(b))
#include "ic_tile_x86.h"
#include "ic_tile_impl.h"

#define IC_TILE(pixels, panels)                                           \
  static void ic_tile_##panels##_##pixels(const ic_tile *tile) {          \
    ic_tile_body(tile, pixels, panels, panels * 64);                      \
  }
#include "ic_tile_table.h"

static void ic_bf16_pixels(
    const float *in, ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, ptrdiff_t pixels) {
  for (ptrdiff_t i = 0; i < pixels; i++) {
    const __m256bh pairs = _mm512_cvtneps_pbh(_mm512_loadu_ps(in + i * in_stride));
    _mm256_storeu_si256((__m256i *)(out + i * out_stride), (__m256i)pairs);
  }
}

static void ic_bf16_row(const float *in, float *out, ptrdiff_t count) {
  ptrdiff_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m512bh pairs =
        _mm512_cvtne2ps_pbh(_mm512_loadu_ps(in + i + 16), _mm512_loadu_ps(in + i));
    _mm512_storeu_si512(out + i / 2, (__m512i)pairs);
  }
  for (; i < count; i += 16) {
    const ptrdiff_t lanes = ic_min(count - i, 16);
    const __mmask16 mask = (__mmask16)((1u << lanes) - 1), even = mask | (__mmask16)(mask << 1);
    const __m256bh pairs = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, in + i));
    _mm256_mask_storeu_epi16(
        out + i / 2, lanes % 2 == 0 ? mask : even, (__m256i)pairs);
  }
}

const ic_bf16_kernels ic_avx512_bf16_kernels = {
    .base = &ic_avx512_kernels, .tile = IC_TILES, .pixels = ic_bf16_pixels, .row = ic_bf16_row};

#pragma clang attribute pop

#endif
