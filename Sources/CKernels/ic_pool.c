#include "ic_internal.h"

/// One axis of a pooling window: the taps inside [0, extent) for an output position.
typedef struct ic_span {
  ptrdiff_t first, count;
} ic_span;

static ic_span clip_taps(
    ptrdiff_t start, ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t extent) {
  const ptrdiff_t first = start < 0 ? ic_ceil_div(-start, dilation) : 0;
  const ptrdiff_t end = start >= extent ? 0 : (extent - 1 - start) / dilation + 1;
  const ic_span span = {first, ic_max(0, ic_min(taps, end) - first)};
  return span;
}

/// Taps before extent + after: those that an average with padding counts.
static ptrdiff_t counted_taps(
    ptrdiff_t start, ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t extent, ptrdiff_t after) {
  const ptrdiff_t room = extent + after - start;
  return room <= 0 ? 0 : ic_min(taps, (room - 1) / dilation + 1);
}

/// Pools one row of outputs of one block.
typedef struct ic_pool_row {
  const ic_kernels *kernels;
  const ic_pool *pool;
  const float *plane;
  ptrdiff_t row_stride, height, width;
  int is_max;
} ic_pool_row;

/// Outputs [x, x + width) share the same taps.
static void pool_run(
    const ic_pool_row *row, ic_span rows, ptrdiff_t y_start, ptrdiff_t y_counted, ptrdiff_t x,
    ptrdiff_t width, float *out) {
  const ic_pool *pool = row->pool;
  const ptrdiff_t start = x * pool->stride_w - pool->pad_left;
  const ic_span columns = clip_taps(start, pool->kernel_w, pool->dilation_w, row->width);
  const ptrdiff_t step = pool->stride_w * IC_BLOCK;
  const float *in = row->plane + (y_start + rows.first * pool->dilation_h) * row->row_stride +
                    (start + columns.first * pool->dilation_w) * IC_BLOCK;
  const int empty = rows.count == 0 || columns.count == 0;
  if (empty) in = row->plane;
  const ic_windows windows = {
      empty ? 0 : rows.count, pool->dilation_h * row->row_stride, columns.count,
      pool->dilation_w * IC_BLOCK, empty ? 0 : step, width};
  if (row->is_max) {
    row->kernels->row_max(in, &windows, out);
    return;
  }
  ptrdiff_t counted = rows.count * columns.count;
  if (pool->count_include_pad) {
    counted = y_counted * counted_taps(
                              start, pool->kernel_w, pool->dilation_w, row->width,
                              pool->pad_right);
  }
  row->kernels->row_sum(in, &windows, counted > 0 ? 1.0f / (float)counted : 0.0f, out);
}

static void pool_row(const ic_pool_row *row, ptrdiff_t y, ptrdiff_t width, float *out) {
  const ic_pool *pool = row->pool;
  const ptrdiff_t y_start = y * pool->stride_h - pool->pad_top;
  const ic_span rows = clip_taps(y_start, pool->kernel_h, pool->dilation_h, row->height);
  const ptrdiff_t counted =
      counted_taps(y_start, pool->kernel_h, pool->dilation_h, row->height, pool->pad_bottom);
  // The windows between `begin` and `end` lie wholly inside the row.
  const ptrdiff_t begin = ic_min(width, ic_ceil_div(pool->pad_left, pool->stride_w));
  const ptrdiff_t reach = (pool->kernel_w - 1) * pool->dilation_w;
  const ptrdiff_t room = row->width - 1 - reach + pool->pad_left;
  const ptrdiff_t end = ic_max(begin, room < 0 ? 0 : ic_min(width, room / pool->stride_w + 1));
  for (ptrdiff_t x = 0; x < begin; x++) {
    pool_run(row, rows, y_start, counted, x, 1, out + x * IC_BLOCK);
  }
  if (end > begin) {
    pool_run(row, rows, y_start, counted, begin, end - begin, out + begin * IC_BLOCK);
  }
  for (ptrdiff_t x = end; x < width; x++) {
    pool_run(row, rows, y_start, counted, x, 1, out + x * IC_BLOCK);
  }
}

static void pool_all(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images, int is_max) {
  ic_pool_row row = {
      .kernels = kernels, .pool = pool,
      .row_stride = ic_blocked_row_floats(&input->layout), .height = input->layout.height,
      .width = input->layout.width, .is_max = is_max};
  for (ptrdiff_t image = 0; image < images; image++) {
    for (ptrdiff_t block = 0; block < ic_blocks(input->layout.channels); block++) {
      row.plane = ic_blocked_origin(input) + image * input->image_stride +
                  block * ic_blocked_plane_floats(&input->layout);
      float *out = ic_blocked_origin(output) + image * output->image_stride +
                   block * ic_blocked_plane_floats(&output->layout);
      for (ptrdiff_t y = 0; y < output->layout.height; y++) {
        pool_row(
            &row, y, output->layout.width, out + y * ic_blocked_row_floats(&output->layout));
      }
    }
  }
}

void ic_max_pool(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images) {
  pool_all(kernels, pool, input, output, images, 1);
}

void ic_average_pool(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images) {
  pool_all(kernels, pool, input, output, images, 0);
}

void ic_global_average_pool(
    const ic_kernels *kernels, const ic_view *input, const ic_rows *output, ptrdiff_t images) {
  const ic_layout *l = &input->layout;
  const float factor = 1.0f / (float)(l->height * l->width);
  for (ptrdiff_t image = 0; image < images; image++) {
    for (ptrdiff_t c = 0; c < l->channels; c += IC_BLOCK) {
      float mean[IC_BLOCK];
      kernels->plane_mean(
          ic_blocked_origin(input) + image * input->image_stride +
              c / IC_BLOCK * ic_blocked_plane_floats(l),
          l->height, ic_blocked_row_floats(l), l->width, factor, mean);
      float *row = output->base + image * output->row_stride + c;
      for (ptrdiff_t j = 0; j < ic_min(IC_BLOCK, l->channels - c); j++) row[j] = mean[j];
    }
  }
}
