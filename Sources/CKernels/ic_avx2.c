// The kernels for processors with AVX2 and FMA.

#include "ic_internal.h"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define IC_FUSED 1
#include "ic_vector.h"

typedef float ic_v8 __attribute__((ext_vector_type(8)));
typedef float ic_v8u __attribute__((ext_vector_type(8), aligned(4)));

// Six pixels by two vectors of eight: twelve accumulators, two weights, one input.
#define IC_TILE_VECTOR ic_v8
#define IC_TILE_UNALIGNED ic_v8u
#define IC_TILE_LANES 8
#define IC_TILE_MAX 6
#define IC_TILE_PREFETCH 0
#define IC_TILE_REST 1
#include "ic_tile_x86.h"
#include "ic_tile_impl.h"

#include "ic_tile_split.h"
#include "ic_tile_table.h"

#define IC_DEPTHWISE_PIXELS 4
#include "ic_simd_impl.h"
const ic_kernels ic_avx2_kernels = IC_KERNELS;

#pragma clang attribute pop

#endif
