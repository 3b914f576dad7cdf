#include "ic_jpeg_window.h"

// Upsampling looks at neighbours: so many blocks more are decoded on each side.
enum { MARGIN = 1 };

int ic_jpeg_smooths(const struct jpeg_decompress_struct *codec) {
  if (!codec->do_block_smoothing || codec->coef_bits == NULL) return 0;
  for (int c = 0; c < codec->num_components; c++)
    for (int k = 0; k < DCTSIZE2; k++)
      if (codec->coef_bits[c][k] != 0) return 1;
  return 0;
}

static int32_t at_most(int32_t value, int32_t most) { return value < most ? value : most; }

static int32_t at_least(int32_t value, int32_t least) { return value > least ? value : least; }

ic_jpeg_part ic_jpeg_part_choose(j_decompress_ptr codec, const ic_output *output) {
  const int32_t width = (int32_t)codec->output_width, height = (int32_t)codec->output_height;
  const int32_t columns = DCTSIZE * codec->max_h_samp_factor;
  ic_jpeg_part part = {.end_row = height, .block_rows = DCTSIZE * codec->max_v_samp_factor};
  if (output->sink == NULL || output->shrink > 1 || ic_jpeg_smooths(codec)) return part;

  const ic_window *window = &output->window;
  const int32_t left = at_least(window->x - MARGIN * columns, 0);
  const int32_t right = at_most(window->x + window->width + MARGIN * columns, width);
  if (right - left < width) {
    JDIMENSION x = (JDIMENSION)left, given = (JDIMENSION)(right - left);
    jpeg_crop_scanline(codec, &x, &given);
    part.x = (int32_t)x;
  }
  // The arithmetic decoder cannot pass over rows.
  if (codec->arith_code) return part;
  part.first_row = at_least(window->y - MARGIN * part.block_rows, 0);
  part.end_row = at_most(window->y + window->height, height);
  return part;
}
