#include "ic_kernels.h"
#include <stdlib.h>
ic_isa ic_best_isa(void) { abort(); }
const ic_kernels *ic_kernels_for(ic_isa isa) { (void)isa; abort(); }
ptrdiff_t ic_blocks(ptrdiff_t channels) { (void)channels; abort(); }
ptrdiff_t ic_blocked_row_floats(const ic_layout *layout) { (void)layout; abort(); }
ptrdiff_t ic_blocked_plane_floats(const ic_layout *layout) { (void)layout; abort(); }
ptrdiff_t ic_blocked_image_floats(const ic_layout *layout) { (void)layout; abort(); }
ptrdiff_t ic_planar_image_floats(const ic_layout *layout) { (void)layout; abort(); }
void ic_blocked_zero_halo(const ic_view *view, ptrdiff_t images) { (void)view; (void)images; abort(); }
ptrdiff_t ic_conv_packed_floats(const ic_convolution *conv, ic_source source) { (void)conv; (void)source; abort(); }
ptrdiff_t ic_conv_bias_floats(const ic_convolution *conv) { (void)conv; abort(); }
void ic_conv_pack(
    const ic_convolution *conv, ic_source source, const float *weights, float *packed) { (void)conv; (void)source; (void)weights; (void)packed; abort(); }
void ic_conv_pack_bias(const ic_convolution *conv, const float *bias, float *packed) { (void)conv; (void)bias; (void)packed; abort(); }
void ic_conv_run(
    const ic_kernels *kernels, const ic_convolution *conv, ic_source source, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images) { (void)kernels; (void)conv; (void)source; (void)packed; (void)bias; (void)activation; (void)input; (void)output; (void)residual; (void)images; abort(); }
ptrdiff_t ic_depthwise_packed_floats(const ic_convolution *conv) { (void)conv; abort(); }
void ic_depthwise_pack(const ic_convolution *conv, const float *weights, float *packed) { (void)conv; (void)weights; (void)packed; abort(); }
void ic_depthwise_run(
    const ic_kernels *kernels, const ic_convolution *conv, const float *packed,
    const float *bias, const ic_activation *activation, const ic_view *input,
    const ic_view *output, const ic_view *residual, ptrdiff_t images) { (void)kernels; (void)conv; (void)packed; (void)bias; (void)activation; (void)input; (void)output; (void)residual; (void)images; abort(); }
ptrdiff_t ic_matrix_packed_floats(ptrdiff_t inner, ptrdiff_t columns) { (void)inner; (void)columns; abort(); }
ptrdiff_t ic_matrix_bias_floats(ptrdiff_t columns) { (void)columns; abort(); }
void ic_matrix_pack(
    ptrdiff_t inner, ptrdiff_t columns, const float *weights, ptrdiff_t inner_stride,
    ptrdiff_t column_stride, float *packed) { (void)inner; (void)columns; (void)weights; (void)inner_stride; (void)column_stride; (void)packed; abort(); }
void ic_matrix_pack_bias(ptrdiff_t columns, const float *bias, float *packed) { (void)columns; (void)bias; (void)packed; abort(); }
void ic_matrix_run(
    const ic_kernels *kernels, const float *packed, const float *bias,
    const ic_activation *activation, const ic_rows *input, const ic_rows *output,
    const ic_rows *residual) { (void)kernels; (void)packed; (void)bias; (void)activation; (void)input; (void)output; (void)residual; abort(); }
void ic_max_pool(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images) { (void)kernels; (void)pool; (void)input; (void)output; (void)images; abort(); }
void ic_average_pool(
    const ic_kernels *kernels, const ic_pool *pool, const ic_view *input, const ic_view *output,
    ptrdiff_t images) { (void)kernels; (void)pool; (void)input; (void)output; (void)images; abort(); }
void ic_global_average_pool(
    const ic_kernels *kernels, const ic_view *input, const ic_rows *output, ptrdiff_t images) { (void)kernels; (void)input; (void)output; (void)images; abort(); }
void ic_blocked_binary(
    const ic_kernels *kernels, ic_binary_op op, const ic_activation *activation, const ic_view *a,
    const ic_view *b, const ic_view *output, ptrdiff_t images) { (void)kernels; (void)op; (void)activation; (void)a; (void)b; (void)output; (void)images; abort(); }
void ic_blocked_affine(
    const ic_kernels *kernels, const ic_activation *activation, const ic_view *input,
    const float *scale, ptrdiff_t scale_stride, const float *shift, ptrdiff_t shift_stride,
    const ic_view *output, ptrdiff_t images) { (void)kernels; (void)activation; (void)input; (void)scale; (void)scale_stride; (void)shift; (void)shift_stride; (void)output; (void)images; abort(); }
void ic_blocked_copy_channels(
    const ic_view *input, ptrdiff_t from, const ic_view *output, ptrdiff_t to, ptrdiff_t count,
    ptrdiff_t images) { (void)input; (void)from; (void)output; (void)to; (void)count; (void)images; abort(); }
void ic_blocked_gather_channels(
    const ic_view *input, const int32_t *table, const ic_view *output, ptrdiff_t images) { (void)input; (void)table; (void)output; (void)images; abort(); }
void ic_blocked_from_nchw(
    const ic_kernels *kernels, const float *nchw, const ic_view *output, ptrdiff_t images) { (void)kernels; (void)nchw; (void)output; (void)images; abort(); }
void ic_blocked_to_nchw(
    const ic_kernels *kernels, const ic_view *input, float *nchw, ptrdiff_t images) { (void)kernels; (void)input; (void)nchw; (void)images; abort(); }
void ic_planar_from_nchw(const float *nchw, const ic_view *output, ptrdiff_t images) { (void)nchw; (void)output; (void)images; abort(); }
void ic_blocked_from_rows(const ic_rows *input, const ic_view *output, ptrdiff_t images) { (void)input; (void)output; (void)images; abort(); }
void ic_blocked_to_rows(const ic_view *input, const ic_rows *output, ptrdiff_t images) { (void)input; (void)output; (void)images; abort(); }
void ic_rows_layer_norm(
    const ic_kernels *kernels, const ic_rows *input, const float *scale, const float *shift,
    float epsilon, const ic_rows *output) { (void)kernels; (void)input; (void)scale; (void)shift; (void)epsilon; (void)output; abort(); }
void ic_rows_softmax(const ic_kernels *kernels, const ic_rows *input, const ic_rows *output) { (void)kernels; (void)input; (void)output; abort(); }
void ic_rows_activation(
    const ic_kernels *kernels, const ic_activation *activation, const ic_rows *input,
    const ic_rows *output) { (void)kernels; (void)activation; (void)input; (void)output; abort(); }
void ic_rows_binary(
    const ic_kernels *kernels, ic_binary_op op, const ic_activation *activation, const ic_rows *a,
    const ic_rows *b, const ic_rows *output) { (void)kernels; (void)op; (void)activation; (void)a; (void)b; (void)output; abort(); }
void ic_rows_affine(
    const ic_kernels *kernels, const ic_activation *activation, const ic_rows *input,
    const float *scale, const float *shift, const ic_rows *output) { (void)kernels; (void)activation; (void)input; (void)scale; (void)shift; (void)output; abort(); }
