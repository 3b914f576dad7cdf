#include "ic_codecs.h"

void ic_heat_levels(
  const float *line, const int32_t *starts, int32_t segments, const float *weights,
  uint8_t *levels) {
  for (int32_t s = 0; s < segments; s++) {
    float base = line[s], step = line[s + 1] - base;
    for (int32_t x = starts[s]; x < starts[s + 1]; x++)
      levels[x] = (uint8_t)(int32_t)((base + weights[x] * step) * 254.0f + 0.5f);
  }
}

void ic_heat_blend(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *colours, uint32_t keep,
  int32_t count, uint8_t *out) {
  for (int32_t x = 0; x < count; x++, photo += 3, out += 3) {
    const uint16_t *colour = colours + 4 * levels[x];
    out[0] = (uint8_t)((photo[0] * keep + colour[0]) >> 8);
    out[1] = (uint8_t)((photo[1] * keep + colour[1]) >> 8);
    out[2] = (uint8_t)((photo[2] * keep + colour[2]) >> 8);
  }
}

void ic_heat_dim(const uint8_t *photo, int32_t count, uint8_t *out) {
  for (int32_t x = 0; x < count; x++, photo += 3, out += 3) {
    uint32_t luminance = (photo[0] * 19595u + photo[1] * 38470u + photo[2] * 7471u + 0x8000) >> 16;
    out[0] = out[1] = out[2] = (uint8_t)(luminance / 2);
  }
}
