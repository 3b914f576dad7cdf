#include <string.h>

#include "ic_internal.h"

/// Row `y` of a block, without its halo.
IC_INLINE float *blocked_row(
    const ic_view *view, ptrdiff_t image, ptrdiff_t block, ptrdiff_t y) {
  return ic_blocked_origin(view) + image * view->image_stride +
         block * ic_blocked_plane_floats(&view->layout) + y * ic_blocked_row_floats(&view->layout);
}

/// Zeros the lanes past `channels` of one row of the last block.
static void zero_padding_lanes(float *row, ptrdiff_t channels, ptrdiff_t width) {
  for (ptrdiff_t x = 0; x < width; x++) {
    for (ptrdiff_t lane = channels % IC_BLOCK; lane < IC_BLOCK; lane++) {
      row[x * IC_BLOCK + lane] = 0;
    }
  }
}

void ic_blocked_binary(
    const ic_kernels *kernels, ic_binary_op op, const ic_activation *activation, const ic_view *a,
    const ic_view *b, const ic_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  const ptrdiff_t blocks = ic_blocks(l->channels), count = l->width * IC_BLOCK;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t block = 0; block < blocks; block++) {
      for (ptrdiff_t y = 0; y < l->height; y++) {
        float *out = blocked_row(output, i, block, y);
        kernels->binary(
            op, blocked_row(a, i, block, y), blocked_row(b, i, block, y), out, count);
        // Padding lanes may divide zero by zero.
        if (op == IC_DIV && block + 1 == blocks && l->channels % IC_BLOCK != 0) {
          zero_padding_lanes(out, l->channels, l->width);
        }
        kernels->activate(out, count, activation);
      }
    }
  }
}

/// Block `block` of a vector of `channels` floats, filled up with zeros; NULL stays NULL.
static const float *vector_block(
    const float *vector, ptrdiff_t block, ptrdiff_t channels, float *buffer) {
  if (vector == NULL) return NULL;
  const ptrdiff_t rest = channels - block * IC_BLOCK;
  if (rest >= IC_BLOCK) return vector + block * IC_BLOCK;
  memset(buffer, 0, IC_BLOCK * sizeof(float));
  memcpy(buffer, vector + block * IC_BLOCK, (size_t)rest * sizeof(float));
  return buffer;
}

void ic_blocked_affine(
    const ic_kernels *kernels, const ic_activation *activation, const ic_view *input,
    const float *scale, ptrdiff_t scale_stride, const float *shift, ptrdiff_t shift_stride,
    const ic_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  float scale_buffer[IC_BLOCK], shift_buffer[IC_BLOCK];
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t block = 0; block < ic_blocks(l->channels); block++) {
      const float *a = vector_block(
          scale == NULL ? NULL : scale + i * scale_stride, block, l->channels, scale_buffer);
      const float *b = vector_block(
          shift == NULL ? NULL : shift + i * shift_stride, block, l->channels, shift_buffer);
      for (ptrdiff_t y = 0; y < l->height; y++) {
        float *out = blocked_row(output, i, block, y);
        kernels->affine_block(blocked_row(input, i, block, y), a, b, out, l->width);
        kernels->activate(out, l->width * IC_BLOCK, activation);
      }
    }
  }
}

/// Copies lanes of one block to one block.
static void copy_run(
    const ic_kernels *kernels, const ic_view *input, ptrdiff_t from, const ic_view *output,
    ptrdiff_t to, ptrdiff_t lanes, ptrdiff_t image) {
  const ic_layout *l = &output->layout;
  for (ptrdiff_t y = 0; y < l->height; y++) {
    const float *in = blocked_row(input, image, from / IC_BLOCK, y);
    float *out = blocked_row(output, image, to / IC_BLOCK, y);
    if (lanes == IC_BLOCK) {
      memcpy(out, in, (size_t)(l->width * IC_BLOCK) * sizeof(float));
    } else {
      kernels->copy_lanes(in, from % IC_BLOCK, out, to % IC_BLOCK, lanes, l->width);
    }
  }
}

void ic_blocked_copy_channels(
    const ic_kernels *kernels, const ic_view *input, ptrdiff_t from, const ic_view *output,
    ptrdiff_t to, ptrdiff_t count, ptrdiff_t images) {
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t done = 0; done < count;) {
      const ptrdiff_t room = IC_BLOCK - ic_max((from + done) % IC_BLOCK, (to + done) % IC_BLOCK);
      const ptrdiff_t lanes = ic_min(room, count - done);
      copy_run(kernels, input, from + done, output, to + done, lanes, i);
      done += lanes;
    }
  }
}

void ic_blocked_gather_channels(
    const ic_view *input, const int32_t *table, const ic_view *output, ptrdiff_t images) {
  const ic_layout *l = &output->layout;
  const ptrdiff_t plane = ic_blocked_plane_floats(&input->layout);
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t block = 0; block < ic_blocks(l->channels); block++) {
      const ptrdiff_t lanes = ic_min(IC_BLOCK, l->channels - block * IC_BLOCK);
      ptrdiff_t offset[IC_BLOCK] = {0};
      for (ptrdiff_t j = 0; j < lanes; j++) {
        const ptrdiff_t channel = table[block * IC_BLOCK + j];
        offset[j] = channel / IC_BLOCK * plane + channel % IC_BLOCK;
      }
      for (ptrdiff_t y = 0; y < l->height; y++) {
        const float *in = blocked_row(input, i, 0, y);
        float *out = blocked_row(output, i, block, y);
        for (ptrdiff_t x = 0; x < l->width; x++, in += IC_BLOCK, out += IC_BLOCK) {
          for (ptrdiff_t j = 0; j < IC_BLOCK; j++) out[j] = in[offset[j]];
        }
        if (lanes < IC_BLOCK) zero_padding_lanes(out - l->width * IC_BLOCK, lanes, l->width);
      }
    }
  }
}
