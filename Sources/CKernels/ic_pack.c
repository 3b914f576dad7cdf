#include <string.h>

#include "ic_internal.h"

void ic_conv_input_blocks(
    const ic_convolution *conv, ptrdiff_t first, ptrdiff_t count, ptrdiff_t *first_block,
    ptrdiff_t *block_count) {
  const ptrdiff_t inputs = conv->input_channels / conv->groups;
  const ptrdiff_t outputs = conv->output_channels / conv->groups;
  const ptrdiff_t last = ic_min(first + count, conv->output_channels) - 1;
  const ptrdiff_t begin = first / outputs * inputs;
  const ptrdiff_t end = (last / outputs + 1) * inputs;
  *first_block = begin / IC_BLOCK;
  *block_count = ic_ceil_div(end, IC_BLOCK) - begin / IC_BLOCK;
}

/// Input blocks that all panels of `panel` channels read together.
static ptrdiff_t total_blocks(const ic_convolution *conv, ptrdiff_t panel) {
  ptrdiff_t total = 0;
  for (ptrdiff_t o = 0; o < conv->output_channels; o += panel) {
    ptrdiff_t first, count;
    ic_conv_input_blocks(conv, o, panel, &first, &count);
    total += count * ic_min(panel / IC_BLOCK, ic_blocks(conv->output_channels - o));
  }
  return total;
}

ptrdiff_t ic_conv_panel(const ic_convolution *conv) {
  if (conv->groups == 1) return IC_PANEL;
  // A narrow panel meets fewer foreign groups, but its tile is slower by a tenth.
  return total_blocks(conv, IC_BLOCK) * 10 < total_blocks(conv, IC_PANEL) * 9 ? IC_BLOCK
                                                                               : IC_PANEL;
}

ptrdiff_t ic_conv_packed_floats(const ic_convolution *conv, ic_source source) {
  const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
  if (source == IC_SOURCE_PLANAR) {
    return conv->input_channels * taps * ic_blocks(conv->output_channels) * IC_BLOCK;
  }
  return total_blocks(conv, ic_conv_panel(conv)) * taps * IC_BLOCK * IC_BLOCK;
}

ptrdiff_t ic_conv_bias_floats(const ic_convolution *conv) {
  return ic_blocks(conv->output_channels) * IC_BLOCK;
}

void ic_conv_pack_bias(const ic_convolution *conv, const float *bias, float *packed) {
  ic_matrix_pack_bias(conv->output_channels, bias, packed);
}

static void pack_planar(const ic_convolution *conv, const float *weights, float *packed) {
  // packed is [panel][c][ky][kx][panel width]
  const ptrdiff_t inputs = conv->input_channels, taps = conv->kernel_h * conv->kernel_w;
  for (ptrdiff_t o = 0; o < conv->output_channels; o += IC_PANEL) {
    const ptrdiff_t rest = conv->output_channels - o;
    const ptrdiff_t width = ic_min(IC_PANEL, ic_blocks(rest) * IC_BLOCK);
    for (ptrdiff_t k = 0; k < inputs * taps; k++) {
      for (ptrdiff_t j = 0; j < width; j++) {
        *packed++ = j < rest ? weights[(o + j) * inputs * taps + k] : 0.0f;
      }
    }
  }
}

void ic_conv_pack(
    const ic_convolution *conv, ic_source source, const float *weights, float *packed) {
  if (source == IC_SOURCE_PLANAR) {
    pack_planar(conv, weights, packed);
    return;
  }
  // packed is [panel][input block][ky][kx][16][panel width]
  const ptrdiff_t inputs = conv->input_channels / conv->groups;
  const ptrdiff_t outputs = conv->output_channels / conv->groups;
  const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
  const ptrdiff_t panel = ic_conv_panel(conv);
  for (ptrdiff_t o = 0; o < conv->output_channels; o += panel) {
    const ptrdiff_t width =
        ic_min(panel, ic_blocks(conv->output_channels - o) * IC_BLOCK);
    ptrdiff_t first, count;
    ic_conv_input_blocks(conv, o, panel, &first, &count);
    memset(packed, 0, (size_t)(count * taps * IC_BLOCK * width) * sizeof(float));
    for (ptrdiff_t j = 0; j < ic_min(width, conv->output_channels - o); j++) {
      const ptrdiff_t begin = (o + j) / outputs * inputs;
      for (ptrdiff_t c = 0; c < inputs; c++) {
        const ptrdiff_t channel = begin + c - first * IC_BLOCK;
        const float *from = weights + ((o + j) * inputs + c) * taps;
        float *to = packed + channel / IC_BLOCK * taps * IC_BLOCK * width +
                    channel % IC_BLOCK * width + j;
        for (ptrdiff_t t = 0; t < taps; t++) to[t * IC_BLOCK * width] = from[t];
      }
    }
    packed += count * taps * IC_BLOCK * width;
  }
}

ptrdiff_t ic_depthwise_packed_floats(const ic_convolution *conv) {
  return ic_blocks(conv->output_channels) * IC_BLOCK * conv->kernel_h * conv->kernel_w *
         (conv->input_channels / conv->groups);
}

void ic_depthwise_pack(const ic_convolution *conv, const float *weights, float *packed) {
  // packed is [block][ky][kx][channel of the group][16]
  const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
  const ptrdiff_t width = conv->input_channels / conv->groups;
  memset(packed, 0, (size_t)ic_depthwise_packed_floats(conv) * sizeof(float));
  for (ptrdiff_t c = 0; c < conv->output_channels; c++) {
    float *to = packed + c / IC_BLOCK * taps * width * IC_BLOCK + c % IC_BLOCK;
    for (ptrdiff_t k = 0; k < width; k++) {
      for (ptrdiff_t t = 0; t < taps; t++) {
        to[(t * width + k) * IC_BLOCK] = weights[(c * width + k) * taps + t];
      }
    }
  }
}

ptrdiff_t ic_matrix_packed_floats(ptrdiff_t inner, ptrdiff_t columns) {
  return inner * ic_blocks(columns) * IC_BLOCK;
}

ptrdiff_t ic_matrix_bias_floats(ptrdiff_t columns) { return ic_blocks(columns) * IC_BLOCK; }

void ic_matrix_pack(
    ptrdiff_t inner, ptrdiff_t columns, const float *weights, ptrdiff_t inner_stride,
    ptrdiff_t column_stride, float *packed) {
  // packed is [panel][inner][panel width]
  for (ptrdiff_t n = 0; n < columns; n += IC_PANEL) {
    const ptrdiff_t rest = columns - n;
    const ptrdiff_t width = ic_min(IC_PANEL, ic_blocks(rest) * IC_BLOCK);
    const int copies = column_stride == 1 && rest >= width;
    for (ptrdiff_t k = 0; k < inner; k++, packed += width) {
      const float *from = weights + k * inner_stride + n * column_stride;
      if (copies) {
        memcpy(packed, from, (size_t)width * sizeof(float));
        continue;
      }
      for (ptrdiff_t j = 0; j < width; j++) {
        packed[j] = j < rest ? from[j * column_stride] : 0.0f;
      }
    }
  }
}

void ic_matrix_pack_bias(ptrdiff_t columns, const float *bias, float *packed) {
  memset(packed, 0, (size_t)ic_matrix_bias_floats(columns) * sizeof(float));
  if (bias != NULL) memcpy(packed, bias, (size_t)columns * sizeof(float));
}
