#include "ic_internal.h"

int ic_depthwise_fits(const ic_convolution *conv) {
  const ptrdiff_t width = conv->input_channels / conv->groups;
  return conv->groups > 1 && conv->input_channels == conv->output_channels &&
         (width == 1 || width == 2 || width == 4 || width == 8);
}

/// The kernel for a convolution's rows.
static ic_depthwise_function row_kernel(const ic_kernels *kernels, const ic_convolution *conv) {
  const ptrdiff_t width = conv->input_channels / conv->groups;
  if (width > 1) return kernels->narrow[width == 2 ? 0 : width == 4 ? 1 : 2];
  const ptrdiff_t size = conv->kernel_h, stride = conv->stride_w;
  const int square = size == conv->kernel_w && conv->dilation_w == 1;
  if (square && (size == 3 || size == 5 || size == 7) && (stride == 1 || stride == 2)) {
    return kernels->depthwise[(size - 3) / 2][stride - 1];
  }
  return kernels->depthwise_any;
}

void ic_depthwise_run(
    const ic_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images) {
  const ic_depthwise_function run = row_kernel(kernels, conv);
  const ptrdiff_t blocks = ic_blocks(conv->output_channels);
  const ptrdiff_t weights = ic_depthwise_packed_floats(conv) / blocks;
  const ptrdiff_t input_row = ic_blocked_row_floats(&input->layout);
  const ptrdiff_t output_row = ic_blocked_row_floats(&output->layout);
  const ptrdiff_t input_plane = ic_blocked_plane_floats(&input->layout);
  const ptrdiff_t output_plane = ic_blocked_plane_floats(&output->layout);
  const float *origin = ic_blocked_origin(input) - conv->pad_top * input_row -
                        conv->pad_left * IC_BLOCK;
  ic_depthwise_row row = {
      .row_stride = conv->dilation_h * input_row, .column_step = conv->dilation_w * IC_BLOCK,
      .stride = conv->stride_w, .kernel_h = conv->kernel_h, .kernel_w = conv->kernel_w,
      .width = output->layout.width, .activation = activation};
  for (ptrdiff_t image = 0; image < images; image++) {
    for (ptrdiff_t block = 0; block < blocks; block++) {
      row.weights = packed + block * weights;
      row.bias = bias + block * IC_BLOCK;
      for (ptrdiff_t y = 0; y < output->layout.height; y++) {
        row.input = origin + image * input->image_stride + block * input_plane +
                    y * conv->stride_h * input_row;
        row.output = ic_blocked_origin(output) + image * output->image_stride +
                     block * output_plane + y * output_row;
        if (residual != NULL) {
          row.residual = ic_blocked_origin(residual) + image * residual->image_stride +
                         block * ic_blocked_plane_floats(&residual->layout) +
                         y * ic_blocked_row_floats(&residual->layout);
        }
        run(&row);
      }
    }
  }
}
