#include "ic_bytes_internal.h"

#include <string.h>

const ic_byte_kernels *ic_byte_kernels_for(ic_byte_isa isa) {
  switch (isa) {
    case IC_BYTES_GENERIC: return &ic_bytes_generic;
#if defined(__x86_64__)
    case IC_BYTES_AVX2:
      return ic_kernels_for(IC_ISA_AVX2) != NULL ? &ic_bytes_avx2 : NULL;
    case IC_BYTES_VNNI:
      return ic_kernels_for(IC_ISA_AVX512) != NULL && __builtin_cpu_supports("avx512vnni")
                 ? &ic_bytes_vnni : NULL;
#else
    case IC_BYTES_AVX2:
    case IC_BYTES_VNNI: return NULL;
#endif
  }
  return NULL;
}

void ic_bytes_fill_halo(const ic_byte_view *view, uint8_t value, ptrdiff_t images) {
  const ic_layout *l = &view->layout;
  const ptrdiff_t row = ic_byte_row_bytes(l), plane = ic_byte_plane_bytes(l);
  const ptrdiff_t left = l->left * IC_BLOCK, right = l->right * IC_BLOCK;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t b = 0; b < ic_blocks(l->channels); b++) {
      uint8_t *p = view->base + i * view->image_stride + b * plane;
      // The right halo of a row and the left halo of the next one are neighbours.
      memset(p, value, (size_t)(l->top * row + left));
      uint8_t *gap = p + l->top * row + left + l->width * IC_BLOCK;
      for (ptrdiff_t y = 0; y + 1 < l->height; y++) {
        memset(gap + y * row, value, (size_t)(left + right));
      }
      memset(gap + (l->height - 1) * row, value, (size_t)(right + l->bottom * row));
    }
  }
}

// -------------------------------------------------------------------------------------- packing

ic_byte_packing ic_bytes_packing(
    const ic_byte_kernels *kernels, const int16_t *weights, ptrdiff_t count) {
  if (kernels->tile[IC_BYTES_QUADS] == NULL) return IC_BYTES_PAIRS;
  for (ptrdiff_t i = 0; i < count; i++) {
    if (weights[i] < -128 || weights[i] > 127) return IC_BYTES_PAIRS;
  }
  return IC_BYTES_QUADS;
}

/// Blocks of output channels of a panel.
static ptrdiff_t panel_blocks(const ic_convolution *conv) { return conv->groups == 1 ? 2 : 1; }

/// The input blocks of a panel, and the groups of four channels of the last one.
static ptrdiff_t panel_inputs(
    const ic_convolution *conv, ptrdiff_t o, ptrdiff_t *first, ptrdiff_t *last_quads) {
  ptrdiff_t count;
  ic_conv_input_blocks(conv, o, panel_blocks(conv) * IC_BLOCK, first, &count);
  const ptrdiff_t rest = conv->input_channels - (*first + count - 1) * IC_BLOCK;
  *last_quads = ic_ceil_div(ic_min(rest, IC_BLOCK), 4);
  return count;
}

/// Input channels of a panel, rounded up to groups of four, times taps.
static ptrdiff_t panel_steps(const ic_convolution *conv, ptrdiff_t o) {
  ptrdiff_t first, last_quads;
  const ptrdiff_t count = panel_inputs(conv, o, &first, &last_quads);
  return ((count - 1) * IC_BLOCK + last_quads * 4) * conv->kernel_h * conv->kernel_w;
}

/// Taps of a depthwise convolution, rounded up to whole groups of weights.
static ptrdiff_t depthwise_taps(const ic_convolution *conv, ic_byte_packing packing) {
  const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
  return packing == IC_BYTES_QUADS ? ic_ceil_div(taps, 4) * 4 : taps;
}

ptrdiff_t ic_bytes_conv_packed(const ic_convolution *conv, ic_byte_packing packing) {
  const ptrdiff_t size = packing == IC_BYTES_QUADS ? 1 : 2;
  const ptrdiff_t blocks = ic_blocks(conv->output_channels);
  if (ic_bytes_is_depthwise(conv)) {
    return blocks * IC_BLOCK * depthwise_taps(conv, packing) * size;
  }
  ptrdiff_t total = 0;
  for (ptrdiff_t b = 0; b < blocks; b += panel_blocks(conv)) {
    const ptrdiff_t panels = ic_min(panel_blocks(conv), blocks - b);
    total += panel_steps(conv, b * IC_BLOCK) * panels * IC_BLOCK * size;
  }
  return total;
}

static void pack_depthwise(
    const ic_convolution *conv, ic_byte_packing packing, const int16_t *weights, void *packed) {
  // Quads are [block][tap / 4][16][tap % 4], pairs [block][tap][16].
  const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
  const ptrdiff_t rows = depthwise_taps(conv, packing);
  for (ptrdiff_t c = 0; c < conv->output_channels; c++) {
    const ptrdiff_t block = c / IC_BLOCK * IC_BLOCK * rows;
    for (ptrdiff_t t = 0; t < taps; t++) {
      const int16_t w = weights[c * taps + t];
      if (packing == IC_BYTES_QUADS) {
        ((int8_t *)packed)[block + t / 4 * 64 + c % IC_BLOCK * 4 + t % 4] = (int8_t)w;
      } else {
        ((int16_t *)packed)[block + t * IC_BLOCK + c % IC_BLOCK] = w;
      }
    }
  }
}

void ic_bytes_conv_pack(
    const ic_convolution *conv, ic_byte_packing packing, const int16_t *weights, void *packed) {
  memset(packed, 0, (size_t)ic_bytes_conv_packed(conv, packing));
  if (ic_bytes_is_depthwise(conv)) {
    pack_depthwise(conv, packing, weights, packed);
    return;
  }
  // packed is [panel][input block][ky][kx][input channel / s][panel width][s], s = 4 or 2
  const ptrdiff_t side = packing == IC_BYTES_QUADS ? 4 : 2;
  const ptrdiff_t inputs = conv->input_channels / conv->groups;
  const ptrdiff_t outputs = conv->output_channels / conv->groups;
  const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
  const ptrdiff_t blocks = ic_blocks(conv->output_channels);
  ptrdiff_t start = 0;
  for (ptrdiff_t b = 0; b < blocks; b += panel_blocks(conv)) {
    const ptrdiff_t o = b * IC_BLOCK;
    const ptrdiff_t width = ic_min(panel_blocks(conv), blocks - b) * IC_BLOCK;
    ptrdiff_t first, last_quads;
    const ptrdiff_t count = panel_inputs(conv, o, &first, &last_quads);
    for (ptrdiff_t j = 0; j < ic_min(width, conv->output_channels - o); j++) {
      for (ptrdiff_t c = 0; c < inputs; c++) {
        const ptrdiff_t channel = (o + j) / outputs * inputs + c - first * IC_BLOCK;
        const ptrdiff_t block = channel / IC_BLOCK, lane = channel % IC_BLOCK;
        const ptrdiff_t lanes = block + 1 == count ? last_quads * 4 : IC_BLOCK;
        for (ptrdiff_t t = 0; t < taps; t++) {
          const ptrdiff_t step = block * IC_BLOCK * taps + t * lanes + lane / side * side;
          const ptrdiff_t place = start + step * width + j * side + lane % side;
          const int16_t w = weights[((o + j) * inputs + c) * taps + t];
          if (packing == IC_BYTES_QUADS) {
            ((int8_t *)packed)[place] = (int8_t)w;
          } else {
            ((int16_t *)packed)[place] = w;
          }
        }
      }
    }
    start += panel_steps(conv, o) * width;
  }
}

void ic_bytes_conv_pack_bias(
    const ic_convolution *conv, const int16_t *weights, const int32_t *bias, int32_t zero,
    int32_t *packed) {
  const ptrdiff_t count =
      conv->input_channels / conv->groups * conv->kernel_h * conv->kernel_w;
  memset(packed, 0, (size_t)(ic_blocks(conv->output_channels) * IC_BLOCK) * sizeof(int32_t));
  for (ptrdiff_t o = 0; o < conv->output_channels; o++) {
    uint32_t sum = 0;
    for (ptrdiff_t k = 0; k < count; k++) sum += (uint32_t)weights[o * count + k];
    packed[o] = (int32_t)((bias == NULL ? 0u : (uint32_t)bias[o]) - sum * (uint32_t)zero);
  }
}

// ---------------------------------------------------------------------------------- convolution

/// Offsets of the taps from the pixel where the padding begins, filled up with the first one.
static ptrdiff_t fill_taps(
    const ic_convolution *conv, const ic_layout *layout, ptrdiff_t count, ptrdiff_t *taps) {
  const ptrdiff_t row = ic_byte_row_bytes(layout);
  ptrdiff_t filled = 0;
  for (ptrdiff_t ky = 0; ky < conv->kernel_h; ky++) {
    for (ptrdiff_t kx = 0; kx < conv->kernel_w; kx++) {
      taps[filled++] = (ky * conv->dilation_h - conv->pad_top) * row +
                       (kx * conv->dilation_w - conv->pad_left) * IC_BLOCK;
    }
  }
  while (filled < count) taps[filled++] = taps[0];
  return filled;
}

static void run_depthwise(
    const ic_byte_kernels *kernels, const ic_convolution *conv, ic_byte_packing packing,
    const ic_byte_row *shared, const ic_byte_view *input, const ic_byte_view *output,
    ptrdiff_t images) {
  const ptrdiff_t rows = depthwise_taps(conv, packing);
  const ptrdiff_t weights = rows * IC_BLOCK * (packing == IC_BYTES_QUADS ? 1 : 2);
  ic_byte_row row = *shared;
  row.step = conv->stride_w * IC_BLOCK;
  row.width = output->layout.width;
  for (ptrdiff_t i = 0; i < images; i++) {
    for (ptrdiff_t b = 0; b < ic_blocks(conv->output_channels); b++) {
      row.weights = (const uint8_t *)shared->weights + b * weights;
      row.bias = shared->bias + b * IC_BLOCK;
      row.factors = shared->factors + b * IC_BLOCK;
      for (ptrdiff_t y = 0; y < output->layout.height; y++) {
        row.input = ic_byte_origin(input) + i * input->image_stride +
                    b * ic_byte_plane_bytes(&input->layout) +
                    y * conv->stride_h * ic_byte_row_bytes(&input->layout);
        row.output = ic_byte_origin(output) + i * output->image_stride +
                     b * ic_byte_plane_bytes(&output->layout) +
                     y * ic_byte_row_bytes(&output->layout);
        kernels->depthwise[packing](&row);
      }
    }
  }
}

/// Pixels of both sides of a convolution, with the axes that lie in a row joined.
typedef struct ic_byte_walk {
  ptrdiff_t images, height, width;
  ptrdiff_t input_image, input_row, input_pixel, output_image, output_row, output_pixel;
} ic_byte_walk;

static void join_axes(ic_byte_walk *w) {
  if (w->input_row == w->width * w->input_pixel && w->output_row == w->width * w->output_pixel) {
    w->width *= w->height;
    w->height = 1;
  }
  if (w->width == 1 && w->height == 1) {
    w->width = w->images;
    w->images = 1;
    w->input_pixel = w->input_image;
    w->output_pixel = w->output_image;
  }
}

static void run_panel(
    const ic_byte_kernels *kernels, ic_byte_packing packing, const ic_byte_walk *walk,
    ic_byte_tile tile, int panels) {
  const uint8_t *input = tile.input;
  uint8_t *output = tile.output;
  const ptrdiff_t tiles = ic_ceil_div(walk->width, IC_BYTE_TILE);
  for (ptrdiff_t i = 0; i < walk->images; i++) {
    for (ptrdiff_t y = 0; y < walk->height; y++) {
      for (ptrdiff_t t = 0; t < tiles; t++) {
        const ptrdiff_t x = ic_tile_start(t, tiles, walk->width);
        const ptrdiff_t end = ic_tile_start(t + 1, tiles, walk->width);
        tile.input = input + i * walk->input_image + y * walk->input_row + x * walk->input_pixel;
        tile.output =
            output + i * walk->output_image + y * walk->output_row + x * walk->output_pixel;
        kernels->tile[packing](&tile, end - x, panels);
      }
    }
  }
}

void ic_bytes_conv_run(
    const ic_byte_kernels *kernels, const ic_convolution *conv, ic_byte_packing packing,
    const void *packed, const int32_t *bias, const float *factors,
    const ic_byte_rounding *rounding, const ic_byte_view *input, const ic_byte_view *output,
    ptrdiff_t images) {
  ptrdiff_t taps[IC_MAX_TAPS + 4];
  if (ic_bytes_is_depthwise(conv)) {
    const ic_byte_row row = {
        .taps = taps,
        .tap_count = fill_taps(conv, &input->layout, depthwise_taps(conv, packing), taps),
        .weights = packed, .bias = bias, .factors = factors, .rounding = rounding};
    run_depthwise(kernels, conv, packing, &row, input, output, images);
    return;
  }
  const ptrdiff_t input_plane = ic_byte_plane_bytes(&input->layout);
  const ptrdiff_t output_plane = ic_byte_plane_bytes(&output->layout);
  ic_byte_walk walk = {
      .images = images, .height = output->layout.height, .width = output->layout.width,
      .input_image = input->image_stride,
      .input_row = conv->stride_h * ic_byte_row_bytes(&input->layout),
      .input_pixel = conv->stride_w * IC_BLOCK, .output_image = output->image_stride,
      .output_row = ic_byte_row_bytes(&output->layout), .output_pixel = IC_BLOCK};
  join_axes(&walk);
  ic_byte_tile tile = {
      .pixel_stride = walk.input_pixel, .block_stride = input_plane, .taps = taps,
      .tap_count = fill_taps(conv, &input->layout, 0, taps), .rounding = rounding,
      .output_pixel_stride = walk.output_pixel, .output_block_stride = output_plane};
  const ptrdiff_t blocks = ic_blocks(conv->output_channels);
  const uint8_t *weights = packed;
  for (ptrdiff_t b = 0; b < blocks; b += panel_blocks(conv)) {
    const ptrdiff_t panels = ic_min(panel_blocks(conv), blocks - b);
    ptrdiff_t first;
    tile.blocks = panel_inputs(conv, b * IC_BLOCK, &first, &tile.last_quads);
    tile.input = ic_byte_origin(input) + first * input_plane;
    tile.weights = weights;
    tile.bias = bias + b * IC_BLOCK;
    tile.factors = factors + b * IC_BLOCK;
    tile.output = ic_byte_origin(output) + b * output_plane;
    run_panel(kernels, packing, &walk, tile, (int)panels);
    weights += panel_steps(conv, b * IC_BLOCK) * panels * IC_BLOCK *
               (packing == IC_BYTES_QUADS ? 1 : 2);
  }
}
