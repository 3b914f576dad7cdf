// The kernels for processors with AVX-512 F, BW, DQ and VL.

#include "ic_internal.h"

#if defined(__x86_64__)

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)

#define IC_FUSED 1
#include "ic_vector.h"

#define IC_TILE_VECTOR ic_v
#define IC_TILE_UNALIGNED ic_vu
#define IC_TILE_LANES 16
#define IC_TILE_MAX 14
#define IC_TILE_PREFETCH 20
#define IC_TILE_REST 1
#include "ic_tile_x86.h"
#include "ic_tile_impl.h"

#define IC_TILE(pixels, panels)                                           \
  static void ic_tile_##panels##_##pixels(const ic_tile *tile) {          \
    ic_tile_body(tile, pixels, panels, panels * 64);                      \
  }
#include "ic_tile_table.h"

#define IC_DEPTHWISE_PIXELS 14
#include "ic_simd_impl.h"
const ic_kernels ic_avx512_kernels = IC_KERNELS;

#pragma clang attribute pop

#endif
