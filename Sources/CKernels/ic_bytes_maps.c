// Functions of single bytes, pooling, and the ways from and to floats.

#include "ic_bytes_internal.h"

#include <string.h>

/// The first pixel of a row of a block.
static uint8_t *byte_row(const ic_byte_view *v, ptrdiff_t image, ptrdiff_t block, ptrdiff_t y) {
  return ic_byte_origin(v) + image * v->image_stride + block * ic_byte_plane_bytes(&v->layout) +
         y * ic_byte_row_bytes(&v->layout);
}

static float *float_row(const ic_view *v, ptrdiff_t image, ptrdiff_t block, ptrdiff_t y) {
  return ic_blocked_origin(v) + image * v->image_stride +
         block * ic_blocked_plane_floats(&v->layout) + y * ic_blocked_row_floats(&v->layout);
}

#define IC_EACH_ROW(layout, images)                                  \
  for (ptrdiff_t i = 0; i < (images); i++)                           \
    for (ptrdiff_t b = 0; b < ic_blocks((layout)->channels); b++)    \
      for (ptrdiff_t y = 0; y < (layout)->height; y++)

void ic_bytes_add(
    const ic_byte_kernels *kernels, const ic_byte_sum *sum, const ic_byte_view *a,
    const ic_byte_view *b_view, const ic_byte_view *output, ptrdiff_t images) {
  IC_EACH_ROW(&output->layout, images) {
    kernels->add(
        sum, byte_row(a, i, b, y), byte_row(b_view, i, b, y), byte_row(output, i, b, y),
        output->layout.width);
  }
}

void ic_bytes_global_average(
    const ic_byte_kernels *kernels, const ic_byte_view *input, int32_t zero, float factor,
    const ic_byte_rounding *rounding, const ic_byte_view *output, ptrdiff_t images) {
  const ptrdiff_t pixels = input->layout.height * input->layout.width;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t b = 0; b < ic_blocks(input->layout.channels); b++) {
      int32_t sums[IC_BLOCK] = {0};
      float means[IC_BLOCK];
      for (ptrdiff_t y = 0; y < input->layout.height; y++) {
        kernels->sum_row(byte_row(input, i, b, y), input->layout.width, sums);
      }
      for (int j = 0; j < IC_BLOCK; j++) {
        means[j] = (float)(sums[j] - (int32_t)pixels * zero) * factor;
      }
      kernels->quantize(means, 1.0f, rounding, byte_row(output, i, b, 0), IC_BLOCK);
    }
  }
}

void ic_bytes_max_pool(
    const ic_byte_kernels *kernels, const ic_pool *pool, const ic_byte_view *input,
    const ic_byte_view *output, ptrdiff_t images) {
  const ptrdiff_t width = output->layout.width;
  IC_EACH_ROW(&output->layout, images) {
    uint8_t *out = byte_row(output, i, b, y);
    memset(out, 0, (size_t)(width * IC_BLOCK));
    for (ptrdiff_t ky = 0; ky < pool->kernel_h; ky++) {
      const ptrdiff_t row = y * pool->stride_h - pool->pad_top + ky * pool->dilation_h;
      if (row < 0 || row >= input->layout.height) continue;
      const uint8_t *in = byte_row(input, i, b, row);
      for (ptrdiff_t kx = 0; kx < pool->kernel_w; kx++) {
        // Outputs [begin, end) read inside the row.
        const ptrdiff_t offset = kx * pool->dilation_w - pool->pad_left;
        const ptrdiff_t begin = offset < 0 ? ic_ceil_div(-offset, pool->stride_w) : 0;
        const ptrdiff_t last = input->layout.width - 1 - offset;
        const ptrdiff_t end = last < 0 ? 0 : ic_min(width, last / pool->stride_w + 1);
        if (begin >= end) continue;
        kernels->max_pixels(
            in + (begin * pool->stride_w + offset) * IC_BLOCK, pool->stride_w * IC_BLOCK,
            out + begin * IC_BLOCK, end - begin);
      }
    }
  }
}

void ic_bytes_from_nchw(
    const ic_byte_kernels *kernels, const float *nchw, float scale,
    const ic_byte_rounding *rounding, const ic_byte_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  const ptrdiff_t plane = l->height * l->width;
  uint8_t part[64];
  IC_EACH_ROW(l, images) {
    const ptrdiff_t lanes = ic_min(IC_BLOCK, l->channels - b * IC_BLOCK);
    uint8_t *out = byte_row(output, i, b, y);
    for (ptrdiff_t c = 0; c < lanes; c++) {
      const float *in = nchw + (i * l->channels + b * IC_BLOCK + c) * plane + y * l->width;
      for (ptrdiff_t x = 0; x < l->width; x += 64) {
        const ptrdiff_t count = ic_min(64, l->width - x);
        kernels->quantize(in + x, scale, rounding, part, count);
        for (ptrdiff_t k = 0; k < count; k++) out[(x + k) * IC_BLOCK + c] = part[k];
      }
    }
  }
}

void ic_bytes_from_blocked(
    const ic_byte_kernels *kernels, const ic_view *input, float scale,
    const ic_byte_rounding *rounding, const ic_byte_view *output, ptrdiff_t images) {
  IC_EACH_ROW(&output->layout, images) {
    kernels->quantize(
        float_row(input, i, b, y), scale, rounding, byte_row(output, i, b, y),
        output->layout.width * IC_BLOCK);
  }
}

void ic_bytes_to_blocked(
    const ic_byte_kernels *kernels, const ic_byte_view *input, float scale, int32_t zero,
    const ic_view *output, ptrdiff_t images) {
  IC_EACH_ROW(&output->layout, images) {
    kernels->dequantize(
        byte_row(input, i, b, y), scale, zero, float_row(output, i, b, y),
        output->layout.width);
  }
}

void ic_bytes_to_nchw(
    const ic_byte_view *input, float scale, int32_t zero, float *nchw, ptrdiff_t images) {
  const ic_layout *l = &input->layout;
  const ptrdiff_t plane = l->height * l->width;
  IC_EACH_ROW(l, images) {
    const uint8_t *in = byte_row(input, i, b, y);
    const ptrdiff_t lanes = ic_min(IC_BLOCK, l->channels - b * IC_BLOCK);
    for (ptrdiff_t c = 0; c < lanes; c++) {
      float *out = nchw + (i * l->channels + b * IC_BLOCK + c) * plane + y * l->width;
      for (ptrdiff_t x = 0; x < l->width; x++) {
        out[x] = (float)(in[x * IC_BLOCK + c] - zero) * scale;
      }
    }
  }
}
