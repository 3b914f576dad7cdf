#include "ic_resample_groups.h"

#include <string.h>

#include "ic_simd.h"

// One permutation of 64 bytes gathers four taps of one channel into each lane of 32 bits, and three
// products of bytes sum them up. For these a coefficient is digit 0 + 256 * digit 1 + 65536 *
// digit 2, each with a sign. The sums are those of ic_resample.c modulo 2^32.
//
// Where five neighbours find their taps within 64 bytes, their 15 values are made at once. A group
// is a vector of places and, for every four taps, three vectors of digits, the highest first. The
// next four taps lie in the same places, only 12 bytes further on. A byte of the lane that is left
// over tells how many times four taps the group has.
//
// Elsewhere, with many taps, 16 taps of one pixel are summed at a time; its digits are three times
// 16 bytes for these.

enum { PIXELS = 5, REACH = 64 / 3 - 4, VECTOR = 64, QUADS = 60, MOST_TAPS = 4 * 255 };

// In front of the digits, a vector long.
typedef struct {
  int32_t pixels;  // at a time: 1 or PIXELS
  int32_t step;    // bytes from one group or pixel to the next
} header;

static int32_t longest(const ic_taps *taps) {
  int32_t most = 0;
  for (int32_t i = 0; i < taps->length; i++)
    if (taps->count[i] > most) most = taps->count[i];
  return most;
}

static header layout(const ic_taps *taps) {
  int32_t most = longest(taps), quads = (most + 3) / 4;
  int fits = most <= MOST_TAPS;
  for (int32_t i = 0; i < taps->length; i += PIXELS) {
    int32_t last = i + PIXELS <= taps->length ? i + PIXELS - 1 : taps->length - 1;
    fits = fits && taps->first[last] - taps->first[i] <= REACH;
  }
  if (fits) return (header){PIXELS, VECTOR * (1 + 3 * quads)};
  return (header){1, 3 * 16 * ((most + 15) / 16)};
}

size_t ic_group_room(const ic_taps *taps, int level) {
  const int32_t largest = 127 << 16;
  if (level < IC_LEVEL_VBMI || taps->length == 0) return 0;
  for (int32_t i = 0; i < taps->length * taps->stride; i++)
    if (taps->coefficients[i] > largest || taps->coefficients[i] < -largest) return 0;
  header made = layout(taps);
  return VECTOR + (size_t)made.step * (size_t)((taps->length + made.pixels - 1) / made.pixels);
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

// Lays out pixel `i` of a group.
static void fill_group(const ic_taps *taps, int32_t i, uint8_t *group) {
  uint8_t *lanes = group + 12 * (i % PIXELS);
  int32_t quads = (taps->count[i] + 3) / 4;
  uint32_t place = (uint32_t)(taps->first[i] - taps->first[i - i % PIXELS]) * 3;
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

static void fill_pixel(const ic_taps *taps, int32_t i, uint8_t *to) {
  for (int32_t q = 0; q < (taps->count[i] + 3) / 4; q++) {
    uint32_t digits[3];
    split(taps->coefficients + (ptrdiff_t)i * taps->stride + 4 * q, digits);
    for (int d = 0; d < 3; d++) memcpy(to + 48 * (q / 4) + 16 * d + 4 * (q % 4), &digits[d], 4);
  }
}

void ic_group_taps(const ic_taps *taps, uint8_t *groups, size_t room) {
  header made = layout(taps);
  memset(groups, 0, room);
  memcpy(groups, &made, sizeof made);
  for (int32_t i = 0; i < taps->length; i++) {
    uint8_t *to = groups + VECTOR + (size_t)made.step * (size_t)(i / made.pixels);
    if (made.pixels == 1)
      fill_pixel(taps, i, to);
    else
      fill_group(taps, i, to);
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
  const uint8_t *in, uint8_t *out, const ic_taps *taps, int32_t step, int32_t quads) {
  const uint8_t *group = taps->groups + VECTOR;
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

// Where channel c of pixel 4q + t lies: byte t of lane 4q + c. The fourth channel is nothing.
#define LANE_OF(q, c) 12 * (q) + (c), 12 * (q) + (c) + 3, 12 * (q) + (c) + 6, 12 * (q) + (c) + 9
#define LANES_OF(q) LANE_OF(q, 0), LANE_OF(q, 1), LANE_OF(q, 2), LANE_OF(q, 0)
static const uint8_t sixteen_places[64] = {LANES_OF(0), LANES_OF(1), LANES_OF(2), LANES_OF(3)};

// One digit of 16 taps: that of taps 4q and on in all lanes of the quarter q.
IC_VBMI static inline __m512i spread_digits(const uint8_t *digits) {
  const __m512i quarter = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  __m128i four = _mm_loadu_si128((const __m128i *)digits);
  return _mm512_permutexvar_epi32(quarter, _mm512_castsi128_si512(four));
}

// Four times three sums, to be added up, of one pixel.
IC_VBMI static inline __m512i one_pixel(const uint8_t *from, const uint8_t *digits, int32_t count) {
  const __m512i places = _mm512_loadu_si512(sixteen_places);
  __m512i a = _mm512_setzero_si512(), b = a, c = a;
  for (int32_t t = 0; t < count; t += 16, from += 48, digits += 48) {
    __m512i pixels = _mm512_permutexvar_epi8(places, _mm512_loadu_si512(from));
    a = _mm512_dpbusd_epi32(a, pixels, spread_digits(digits));
    b = _mm512_dpbusd_epi32(b, pixels, spread_digits(digits + 16));
    c = _mm512_dpbusd_epi32(c, pixels, spread_digits(digits + 32));
  }
  a = _mm512_add_epi32(_mm512_slli_epi32(a, 8), b);
  return _mm512_add_epi32(_mm512_slli_epi32(a, 8), c);
}

// The sums of the quarters of `a`, then of those of `b`: each is half there.
IC_VBMI static inline __m512i fold_two(__m512i a, __m512i b) {
  return _mm512_add_epi32(
    _mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xEE));
}

IC_VBMI static void single_row(
  const uint8_t *in, uint8_t *out, const ic_taps *taps, int32_t step) {
  const __m128i gather = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  const uint8_t *digits = taps->groups + VECTOR;
  for (int32_t i = 0; i < taps->length; i += 4, out += 12) {
    int32_t left = taps->length - i < 4 ? taps->length - i : 4;
    __m512i pixel[4];
    for (int32_t p = 0; p < 4; p++) {
      if (p < left) {
        const uint8_t *from = in + 3 * (ptrdiff_t)taps->first[i + p];
        pixel[p] = one_pixel(from, digits, taps->count[i + p]);
        digits += step;
      } else {
        pixel[p] = _mm512_setzero_si512();
      }
    }
    __m512i two = fold_two(pixel[0], pixel[1]), others = fold_two(pixel[2], pixel[3]);
    __m512i sum = _mm512_add_epi32(
      _mm512_shuffle_i32x4(two, others, 0x88), _mm512_shuffle_i32x4(two, others, 0xDD));
    sum = _mm512_add_epi32(sum, _mm512_set1_epi32(1 << (FRACTION - 1)));
    sum = _mm512_max_epi32(_mm512_srai_epi32(sum, FRACTION), _mm512_setzero_si512());
    __m128i bytes = _mm_shuffle_epi8(_mm512_cvtusepi32_epi8(sum), gather);
    _mm_mask_storeu_epi8(out, ic_first_16(3 * left), bytes);
  }
}

IC_VBMI void ic_grouped_rows(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  const ic_taps *taps) {
  header made;
  memcpy(&made, taps->groups, sizeof made);
  for (int32_t y = 0; y < rows; y++, in += in_stride, out += out_stride) {
    if (made.pixels == 1)
      single_row(in, out, taps, made.step);
    else if (made.step == VECTOR * 4)
      grouped_row(in, out, taps, VECTOR * 4, 1);
    else
      grouped_row(in, out, taps, made.step, 0);
  }
}
#endif
