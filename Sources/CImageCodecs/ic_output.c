#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "ic_common.h"

void ic_say(ic_message *message, const char *format, ...) {
  if (message->capacity == 0 || message->text[0] != 0) return;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message->text, message->capacity, format, arguments);
  va_end(arguments);
}

int64_t ic_thread_ns(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline void copy_pixel(uint8_t *to, const uint8_t *from) {
  to[0] = from[0];
  to[1] = from[1];
  to[2] = from[2];
}

void ic_place_rows(
  const ic_output *output, const uint8_t *rows, size_t row_bytes, int32_t y, int32_t count) {
  if (output->sink != NULL) {
    output->sink(output->context, rows, row_bytes, y, count);
    return;
  }
  uint8_t *base = output->base + (ptrdiff_t)y * output->y_step;
  if (output->x_step == 3) {
    for (int32_t r = 0; r < count; r++)
      memcpy(base + r * output->y_step, rows + (size_t)r * row_bytes, (size_t)output->width * 3);
    return;
  }
  int columns_first = output->y_step == 3 || output->y_step == -3;
  if (columns_first) {
    for (int32_t x = 0; x < output->width; x++)
      for (int32_t r = 0; r < count; r++)
        copy_pixel(
          base + x * output->x_step + r * output->y_step, rows + (size_t)r * row_bytes + x * 3);
    return;
  }
  for (int32_t r = 0; r < count; r++)
    for (int32_t x = 0; x < output->width; x++)
      copy_pixel(
        base + x * output->x_step + r * output->y_step, rows + (size_t)r * row_bytes + x * 3);
}
