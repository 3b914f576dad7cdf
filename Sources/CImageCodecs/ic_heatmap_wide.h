#ifndef IC_HEATMAP_WIDE_H
#define IC_HEATMAP_WIDE_H

#include <stdint.h>

// The kernels of ic_heatmap.c with vectors. Each does as many pixels as it can, from the first on,
// and returns their number.

int32_t ic_wide_levels(
  float base, float step, const float *weights, int32_t count, uint8_t *levels, int level);

int32_t ic_wide_blend(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *table, uint32_t keep,
  int32_t count, uint8_t *out, int level);

int32_t ic_wide_dim(const uint8_t *photo, int32_t count, uint8_t *out, int level);

#endif
