#include <string.h>

#include "ic_internal.h"

ptrdiff_t ic_blocks(ptrdiff_t channels) { return ic_ceil_div(channels, IC_BLOCK); }

ptrdiff_t ic_blocked_row_floats(const ic_layout *layout) {
  return (layout->left + layout->width + layout->right) * IC_BLOCK;
}

ptrdiff_t ic_blocked_plane_floats(const ic_layout *layout) {
  return (layout->top + layout->height + layout->bottom) * ic_blocked_row_floats(layout);
}

ptrdiff_t ic_blocked_image_floats(const ic_layout *layout) {
  return ic_blocks(layout->channels) * ic_blocked_plane_floats(layout);
}

ptrdiff_t ic_planar_image_floats(const ic_layout *layout) {
  return layout->channels * (layout->top + layout->height + layout->bottom) *
         (layout->left + layout->width + layout->right);
}

static void zero(float *p, ptrdiff_t count) { memset(p, 0, (size_t)count * sizeof(float)); }

void ic_blocked_zero_halo(const ic_view *view, ptrdiff_t images) {
  const ic_layout *l = &view->layout;
  const ptrdiff_t row = ic_blocked_row_floats(l), plane = ic_blocked_plane_floats(l);
  const ptrdiff_t left = l->left * IC_BLOCK, right = l->right * IC_BLOCK;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t b = 0; b < ic_blocks(l->channels); b++) {
      float *p = view->base + i * view->image_stride + b * plane;
      // The right halo of a row and the left halo of the next one are neighbours.
      zero(p, l->top * row + left);
      float *gap = p + l->top * row + left + l->width * IC_BLOCK;
      for (ptrdiff_t y = 0; y + 1 < l->height; y++) zero(gap + y * row, left + right);
      zero(gap + (l->height - 1) * row, right + l->bottom * row);
    }
  }
}
