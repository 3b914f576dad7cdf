#ifndef IC_JPEG_WINDOW_H
#define IC_JPEG_WINDOW_H

#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

#include "ic_codecs.h"

// The part of an image that is decoded to pixels; every coefficient is read all the same.
typedef struct {
  int32_t x;          // the first column that the codec gives
  int32_t first_row;  // rows first_row..<end_row are given
  int32_t end_row;
  int32_t block_rows;  // rows of pixels that are decoded together
} ic_jpeg_part;

// Whether the codec may guess coefficients that no scan gave from those of blocks around.
int ic_jpeg_smooths(const struct jpeg_decompress_struct *codec);

// Chooses the part between jpeg_start_decompress and the first row, so that the pixels of the window are
// those of the whole image.
ic_jpeg_part ic_jpeg_part_choose(j_decompress_ptr codec, const ic_output *output);

#endif
