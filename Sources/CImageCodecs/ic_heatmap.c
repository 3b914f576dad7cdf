#include "ic_codecs.h"
#include "ic_heatmap_wide.h"

// The wide kernels say how many pixels they have done; the rest is done here.

static void levels_generic(
  float base, float step, const float *weights, int32_t count, uint8_t *levels) {
  for (int32_t x = 0; x < count; x++)
    levels[x] = (uint8_t)(int32_t)((base + weights[x] * step) * 254.0f + 0.5f);
}

void ic_heat_levels(
  const float *line, const int32_t *starts, int32_t segments, const float *weights,
  uint8_t *levels, int level) {
  for (int32_t s = 0; s < segments; s++) {
    float base = line[s], step = line[s + 1] - base;
    int32_t x = starts[s], count = starts[s + 1] - x;
    int32_t done = ic_wide_levels(base, step, weights + x, count, levels + x, level);
    levels_generic(base, step, weights + x + done, count - done, levels + x + done);
  }
}

void ic_heat_colours(const uint8_t *colours, int32_t count, uint32_t share, uint16_t *table) {
  for (int32_t i = 0; i < IC_HEAT_TABLE; i++) table[i] = 0;
  uint8_t *planes = (uint8_t *)(table + 4 * 256);
  for (int32_t i = 0; i < count; i++)
    for (int32_t c = 0; c < 3; c++) {
      uint32_t value = colours[3 * i + c] * share + 128;
      table[4 * i + c] = (uint16_t)value;
      planes[(2 * c) * 256 + i] = (uint8_t)value;
      planes[(2 * c + 1) * 256 + i] = (uint8_t)(value >> 8);
    }
}

void ic_heat_blend(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *table, uint32_t keep,
  int32_t count, uint8_t *out, int level) {
  int32_t x = ic_wide_blend(photo, levels, table, keep, count, out, level);
  for (photo += 3 * x, out += 3 * x; x < count; x++, photo += 3, out += 3) {
    const uint16_t *colour = table + 4 * levels[x];
    out[0] = (uint8_t)((photo[0] * keep + colour[0]) >> 8);
    out[1] = (uint8_t)((photo[1] * keep + colour[1]) >> 8);
    out[2] = (uint8_t)((photo[2] * keep + colour[2]) >> 8);
  }
}

void ic_heat_dim(const uint8_t *photo, int32_t count, uint8_t *out, int level) {
  int32_t x = ic_wide_dim(photo, count, out, level);
  for (photo += 3 * x, out += 3 * x; x < count; x++, photo += 3, out += 3) {
    uint32_t luminance = (photo[0] * 19595u + photo[1] * 38470u + photo[2] * 7471u + 0x8000) >> 16;
    out[0] = out[1] = out[2] = (uint8_t)(luminance / 2);
  }
}
