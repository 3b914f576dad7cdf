#include "ic_internal.h"

IC_INLINE float *row_of(const ic_rows *rows, ptrdiff_t r) {
  return rows->base + r * rows->row_stride;
}

void ic_rows_layer_norm(
    const ic_kernels *kernels, const ic_rows *input, const float *scale, const float *shift,
    float epsilon, const ic_rows *output) {
  for (ptrdiff_t r = 0; r < input->rows; r++) {
    kernels->layer_norm(
        row_of(input, r), scale, shift, epsilon, row_of(output, r), input->columns);
  }
}

void ic_rows_softmax(const ic_kernels *kernels, const ic_rows *input, const ic_rows *output) {
  for (ptrdiff_t r = 0; r < input->rows; r++) {
    kernels->softmax(row_of(input, r), row_of(output, r), input->columns);
  }
}

void ic_rows_activation(
    const ic_kernels *kernels, const ic_activation *activation, const ic_rows *input,
    const ic_rows *output) {
  ic_rows_affine(kernels, activation, input, NULL, NULL, output);
}

void ic_rows_binary(
    const ic_kernels *kernels, ic_binary_op op, const ic_activation *activation, const ic_rows *a,
    const ic_rows *b, const ic_rows *output) {
  for (ptrdiff_t r = 0; r < output->rows; r++) {
    kernels->binary(op, row_of(a, r), row_of(b, r), row_of(output, r), output->columns);
    kernels->activate(row_of(output, r), output->columns, activation);
  }
}

void ic_rows_affine(
    const ic_kernels *kernels, const ic_activation *activation, const ic_rows *input,
    const float *scale, const float *shift, const ic_rows *output) {
  for (ptrdiff_t r = 0; r < input->rows; r++) {
    kernels->affine_row(row_of(input, r), scale, shift, row_of(output, r), input->columns);
    kernels->activate(row_of(output, r), input->columns, activation);
  }
}
