#include <string.h>

#include "ic_internal.h"

/// The lanes of a block that are channels.
IC_INLINE ptrdiff_t block_lanes(const ic_layout *layout, ptrdiff_t block) {
  return ic_min(IC_BLOCK, layout->channels - block * IC_BLOCK);
}

IC_INLINE float *block_origin(const ic_view *view, ptrdiff_t image, ptrdiff_t block) {
  return ic_blocked_origin(view) + image * view->image_stride +
         block * ic_blocked_plane_floats(&view->layout);
}

/// Rows and pixels of a plane to reorder at once: one long row where there is no halo.
static void flatten(const ic_layout *layout, ptrdiff_t *rows, ptrdiff_t *pixels) {
  const int flat = layout->left == 0 && layout->right == 0;
  *rows = flat ? 1 : layout->height;
  *pixels = flat ? layout->height * layout->width : layout->width;
}

void ic_blocked_from_nchw(
    const ic_kernels *kernels, const float *nchw, const ic_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  const ptrdiff_t plane = l->height * l->width;
  ptrdiff_t rows, pixels;
  flatten(l, &rows, &pixels);
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t block = 0; block < ic_blocks(l->channels); block++) {
      const float *in = nchw + (i * l->channels + block * IC_BLOCK) * plane;
      float *out = block_origin(output, i, block);
      for (ptrdiff_t y = 0; y < rows; y++) {
        kernels->interleave(
            in + y * pixels, plane, block_lanes(l, block),
            out + y * ic_blocked_row_floats(l), pixels);
      }
    }
  }
}

void ic_blocked_to_nchw(
    const ic_kernels *kernels, const ic_view *input, float *nchw, ptrdiff_t images) {
  const ic_layout *l = &input->layout;
  const ptrdiff_t plane = l->height * l->width;
  ptrdiff_t rows, pixels;
  flatten(l, &rows, &pixels);
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t block = 0; block < ic_blocks(l->channels); block++) {
      const float *in = block_origin(input, i, block);
      float *out = nchw + (i * l->channels + block * IC_BLOCK) * plane;
      for (ptrdiff_t y = 0; y < rows; y++) {
        kernels->deinterleave(
            in + y * ic_blocked_row_floats(l), out + y * pixels, plane, block_lanes(l, block),
            pixels);
      }
    }
  }
}

void ic_planar_from_nchw(const float *nchw, const ic_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  const ptrdiff_t row = l->left + l->width + l->right;
  const ptrdiff_t plane = row * (l->top + l->height + l->bottom);
  for (ptrdiff_t i = 0; i < images; i++) {
    float *image = output->base + i * output->image_stride;
    memset(image, 0, (size_t)(l->channels * plane) * sizeof(float));
    for (ptrdiff_t c = 0; c < l->channels; c++) {
      float *out = image + c * plane + l->top * row + l->left;
      for (ptrdiff_t y = 0; y < l->height; y++) {
        memcpy(out + y * row, nchw, (size_t)l->width * sizeof(float));
        nchw += l->width;
      }
    }
  }
}

void ic_blocked_from_rows(const ic_rows *input, const ic_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t y = 0; y < l->height; y++) {
      const float *in = input->base + (i * l->height + y) * l->width * input->row_stride;
      for (ptrdiff_t block = 0; block < ic_blocks(l->channels); block++) {
        const ptrdiff_t lanes = block_lanes(l, block);
        float *out = block_origin(output, i, block) + y * ic_blocked_row_floats(l);
        for (ptrdiff_t x = 0; x < l->width; x++, out += IC_BLOCK) {
          const float *token = in + x * input->row_stride + block * IC_BLOCK;
          if (lanes == IC_BLOCK) {
            memcpy(out, token, IC_BLOCK * sizeof(float));
          } else {
            memset(out, 0, IC_BLOCK * sizeof(float));
            memcpy(out, token, (size_t)lanes * sizeof(float));
          }
        }
      }
    }
  }
}

void ic_blocked_to_rows(const ic_view *input, const ic_rows *output, ptrdiff_t images) {
  const ic_layout *l = &input->layout;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t y = 0; y < l->height; y++) {
      float *out = output->base + (i * l->height + y) * l->width * output->row_stride;
      for (ptrdiff_t block = 0; block < ic_blocks(l->channels); block++) {
        const ptrdiff_t lanes = block_lanes(l, block);
        const float *in = block_origin(input, i, block) + y * ic_blocked_row_floats(l);
        for (ptrdiff_t x = 0; x < l->width; x++, in += IC_BLOCK) {
          float *token = out + x * output->row_stride + block * IC_BLOCK;
          if (lanes == IC_BLOCK) {
            memcpy(token, in, IC_BLOCK * sizeof(float));
          } else {
            memcpy(token, in, (size_t)lanes * sizeof(float));
          }
        }
      }
    }
  }
}
