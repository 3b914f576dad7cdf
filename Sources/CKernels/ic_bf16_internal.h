#ifndef IC_BF16_INTERNAL_H
#define IC_BF16_INTERNAL_H

#include "ic_bf16.h"
#include "ic_internal.h"

struct ic_bf16_kernels {
  /// What the epilogues are taken from.
  const ic_kernels *base;
  /// As those of ic_kernels: a float of input is a pair of channels, one of weights likewise.
  ic_tile_function tile[2][IC_TILE_PIXELS];
  /// Rounds `pixels` of 16 floats, `in_stride` floats apart, to 8 pairs each, `out_stride` apart.
  void (*pixels)(
      const float *in, ptrdiff_t in_stride, float *out, ptrdiff_t out_stride, ptrdiff_t pixels);
  /// Rounds `count` floats to pairs; of an odd count the last pair has a zero.
  void (*row)(const float *in, float *out, ptrdiff_t count);
};

#if defined(__x86_64__)
extern const ic_bf16_kernels ic_avx512_bf16_kernels;
#endif

#endif
