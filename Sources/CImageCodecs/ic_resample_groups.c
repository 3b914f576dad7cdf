#include "ic_resample_groups.h"

#include <string.h>

#include "ic_simd.h"

// Five RGB pixels at a time: one permutation of 64 bytes gathers four taps of each of their 15
// values into a lane of 32 bits, and three products of bytes sum them up. For these a coefficient
// is digit 0 + 256 * digit 1 + 65536 * digit 2, each with a sign. The sums are those of ic_resample.c
// modulo 2^32.
//
// A group is a vector of places and, for every four taps, three vectors of digits, the highest
// first. The next four taps lie in the same places, only 12 bytes further on. Two bytes of the
// lane that is left over tell how many times four taps the group has, and room for how many.

enum { PIXELS = 5, REACH = 64 / 3 - 4, VECTOR = 64, QUADS = 60, ROOM = 61, MOST_TAPS = 4 * 255 };

static int32_t longest(const ic_taps *taps) {
  int32_t most = 0;
  for (int32_t i = 0; i < taps->length; i++)
    if (taps->count[i] > most) most = taps->count[i];
  return most;
}

static inline size_t group_bytes(int32_t quads) { return VECTOR * (1 + 3 * (size_t)quads); }

size_t ic_group_room(const ic_taps *taps, int level) {
  const int32_t largest = 127 << 16;
  int32_t most = longest(taps);
  if (level < IC_LEVEL_VBMI || most > MOST_TAPS) return 0;
  for (int32_t i = 0; i < taps->length; i += PIXELS) {
    int32_t last = i + PIXELS <= taps->length ? i + PIXELS - 1 : taps->length - 1;
    if (taps->first[last] - taps->first[i] > REACH) return 0;
  }
  for (int32_t i = 0; i < taps->length * taps->stride; i++)
    if (taps->coefficients[i] > largest || taps->coefficients[i] < -largest) return 0;
  return group_bytes((most + 3) / 4) * (size_t)((taps->length + PIXELS - 1) / PIXELS);
}

// The same digit of four coefficients.
static inline void split(const int32_t *k, uint32_t digits[3]) {
  digits[0] = digits[1] = digits[2] = 0;
  for (int t = 0; t < 4; t++) {
    uint32_t rest = (uint32_t)k[t], borrow = 0;
    for (int d = 2; d >= 0; d--) {
      uint32_t byte = (rest + borrow) & 255;
      borrow = (rest & 255) + borrow > 127;
      digits[d] |= byte << (8 * t);
      rest >>= 8;
    }
  }
}

void ic_group_taps(const ic_taps *taps, uint8_t *groups) {
  const int32_t room = (longest(taps) + 3) / 4;
  const size_t step = group_bytes(room);
  memset(groups, 0, step * (size_t)((taps->length + PIXELS - 1) / PIXELS));
  for (int32_t i = 0; i < taps->length; i++) {
    uint8_t *group = groups + step * (size_t)(i / PIXELS);
    uint8_t *lanes = group + 12 * (i % PIXELS);
    int32_t quads = (taps->count[i] + 3) / 4;
    uint32_t place = (uint32_t)(taps->first[i] - taps->first[i - i % PIXELS]) * 3;
    group[ROOM] = (uint8_t)room;
    if (group[QUADS] < quads) group[QUADS] = (uint8_t)quads;
    for (uint32_t c = 0; c < 3; c++) {
      uint32_t places = 0x09060300 + (place + c) * 0x01010101;
      memcpy(lanes + 4 * c, &places, 4);
    }
    for (int32_t q = 0; q < quads; q++) {
      uint32_t digits[3];
      split(taps->coefficients + (ptrdiff_t)i * taps->stride + 4 * q, digits);
      for (int d = 0; d < 3; d++)
        for (int c = 0; c < 3; c++)
          memcpy(lanes + VECTOR * (1 + 3 * q + d) + 4 * c, &digits[d], 4);
    }
  }
}

#if defined(__x86_64__)

enum { FRACTION = 22, HALF_OF_65536THS = 1 << (FRACTION - 1 - 16) };

IC_VBMI static inline __m512i digits_of(const uint8_t *group, int32_t quad, int digit) {
  return _mm512_loadu_si512(group + VECTOR * (1 + 3 * quad + digit));
}

IC_VBMI static inline __m128i five_pixels(
  const uint8_t *from, const uint8_t *group, int32_t quads) {
  const __m512i places = _mm512_loadu_si512(group);
  __m512i a = _mm512_set1_epi32(HALF_OF_65536THS);
  __m512i b = _mm512_setzero_si512(), c = b;
  for (int32_t q = 0; q < quads; q++) {
    __m512i four = _mm512_permutexvar_epi8(places, _mm512_loadu_si512(from + 12 * q));
    a = _mm512_dpbusd_epi32(a, four, digits_of(group, q, 0));
    b = _mm512_dpbusd_epi32(b, four, digits_of(group, q, 1));
    c = _mm512_dpbusd_epi32(c, four, digits_of(group, q, 2));
  }
  __m512i sum = _mm512_add_epi32(_mm512_slli_epi32(a, 8), b);
  sum = _mm512_add_epi32(_mm512_slli_epi32(sum, 8), c);
  sum = _mm512_max_epi32(_mm512_srai_epi32(sum, FRACTION), _mm512_setzero_si512());
  return _mm512_cvtusepi32_epi8(sum);
}

// A row; `quads` is the same for all groups, or 0.
IC_VBMI static inline void grouped_row(
  const uint8_t *in, uint8_t *out, const ic_taps *taps, size_t step, int32_t quads) {
  const uint8_t *group = taps->groups;
  int32_t i = 0;
  // 16 bytes are written for 15.
  for (; i + PIXELS < taps->length; i += PIXELS, group += step)
    _mm_storeu_si128(
      (__m128i *)(out + 3 * i),
      five_pixels(
        in + 3 * (ptrdiff_t)taps->first[i], group, quads > 0 ? quads : group[QUADS]));
  _mm_mask_storeu_epi8(
    out + 3 * i, ic_first_16(3 * (taps->length - i)),
    five_pixels(in + 3 * (ptrdiff_t)taps->first[i], group, quads > 0 ? quads : group[QUADS]));
}

IC_VBMI void ic_grouped_rows(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  const ic_taps *taps) {
  const int32_t room = taps->groups[ROOM];
  for (int32_t y = 0; y < rows; y++, in += in_stride, out += out_stride) {
    if (room == 1)
      grouped_row(in, out, taps, group_bytes(1), 1);
    else
      grouped_row(in, out, taps, group_bytes(room), 0);
  }
}
#endif
