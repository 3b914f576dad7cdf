// The kernels in plain vector code for any processor.

#include "ic_internal.h"

#define IC_FUSED 0
#include "ic_vector.h"

#define IC_TILE_VECTOR ic_v
#define IC_TILE_UNALIGNED ic_vu
#define IC_TILE_LANES 16
#define IC_TILE_MAX 2
#define IC_TILE_PREFETCH 0
#define IC_TILE_REST 1
#define ic_tile_load(b, weights, offset) b = ic_load((const float *)((weights) + (offset)))
#define ic_tile_broadcast(x, p, s, s3, m, offset) \
  ((void)(s3), x = ic_splat(*(const float *)((p) + (m) * (s) + (offset))))
#define ic_tile_multiply_add(acc, x, b) acc = ic_multiply_add(x, b, acc)
#define ic_tile_prefetch(weights, offset)
#define ic_tile_prefetch_later(weights, offset) ((void)(weights))
#define ic_tile_prefetch_pixel(p, s, s3, m) ((void)(p))
#include "ic_tile_impl.h"

#include "ic_tile_split.h"
#include "ic_tile_table.h"

#define IC_DEPTHWISE_PIXELS 2
#include "ic_simd_impl.h"
const ic_kernels ic_generic_kernels = IC_KERNELS;
