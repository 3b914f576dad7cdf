#ifndef IC_PNG_FILTER_H
#define IC_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

// Writes the filtered row of `length` bytes, `pixel` to a pixel; `up` is the row above, and what
// lies left of a row counts as zero. Filters are 0 none, 1 sub, 2 up, 3 average, 4 Paeth.
void ic_png_filter(
  int filter, const uint8_t *row, const uint8_t *up, size_t length, size_t pixel, uint8_t *to,
  int level);

#endif
