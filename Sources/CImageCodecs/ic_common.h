#ifndef IC_COMMON_H
#define IC_COMMON_H

#include <stdarg.h>
#include <stdio.h>

#include "ic_codecs.h"

// Where a decoder writes its message; the first one wins.
typedef struct {
  char *text;
  size_t capacity;
} ic_message;

__attribute__((format(printf, 2, 3))) void ic_say(ic_message *message, const char *format, ...);

// The CPU time of this thread, in nanoseconds.
int64_t ic_thread_ns(void);

// Rows that a decoder gathers before they are placed, where rows are not placed directly.
enum { IC_BAND_ROWS = 16 };

// Whether stored rows are rows of the output too, so that a codec can write them in place.
static inline int ic_is_upright(const ic_output *output) {
  return output->sink == NULL && output->x_step == 3 && output->y_step == (ptrdiff_t)output->width * 3;
}

static inline uint8_t ic_multiply_255(unsigned a, unsigned b) {
  unsigned t = a * b + 128;
  return (uint8_t)(((t >> 8) + t) >> 8);
}

// Converts CMYK, 0 = no ink, to RGB: (255 - K) scaled by the missing ink.
static inline void ic_cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb) {
  unsigned light = 255u - cmyk[3];
  for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(light - ic_multiply_255(cmyk[c], light));
}

#endif
