// Everything but the register tile, compiled once per instruction set.

#include "ic_simd_depthwise.h"
#include "ic_simd_elementwise.h"
#include "ic_simd_narrow.h"
#include "ic_simd_reorder.h"
#include "ic_simd_rows.h"
#include "ic_simd_winograd.h"

#define IC_KERNELS                                                                       \
  {                                                                                      \
    .tile = IC_TILES, .depthwise = IC_DEPTHWISE_TABLE, .depthwise_any = ic_depthwise_any, \
    .narrow = {ic_narrow_2, ic_narrow_4, ic_narrow_8},                                   \
    .winograd_weights = ic_simd_winograd_weights,                                        \
    .winograd_input = ic_simd_winograd_input,                                            \
    .winograd_edge = ic_simd_winograd_edge, .winograd_output = ic_simd_winograd_output,  \
    .activate = ic_simd_activate, .binary = ic_simd_binary,                              \
    .affine_block = ic_simd_affine_block, .affine_row = ic_simd_affine_row,              \
    .row_max = ic_simd_row_max, .row_sum = ic_simd_row_sum,                              \
    .plane_mean = ic_simd_plane_mean, .interleave = ic_simd_interleave,                  \
    .deinterleave = ic_simd_deinterleave, .copy_lanes = ic_simd_copy_lanes,              \
    .layer_norm = ic_simd_layer_norm, .softmax = ic_simd_softmax                         \
  }
