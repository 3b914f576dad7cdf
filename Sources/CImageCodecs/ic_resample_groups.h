#ifndef IC_RESAMPLE_GROUPS_H
#define IC_RESAMPLE_GROUPS_H

#include "ic_codecs.h"

// `ic_resample_rows` for RGB with `taps->groups`, on a processor of IC_LEVEL_VBMI.
void ic_grouped_rows(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  const ic_taps *taps);

#endif
