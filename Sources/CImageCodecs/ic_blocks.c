#include "ic_blocks.h"

#include <string.h>

#include "ic_codecs.h"
#include "ic_simd.h"

enum { WORDS = 16 };

// Coefficients, four at a time.
typedef uint64_t __attribute__((may_alias)) word;

static size_t masks_bytes(size_t count) { return (count * sizeof(uint16_t) + 7) / 8 * 8; }

size_t ic_blocks_capacity(size_t count) {
  return masks_bytes(count) + count * WORDS * sizeof(word) + IC_BLOCKS_TAIL;
}

static word *pack_generic(const word *in, size_t count, uint16_t *masks, word *out) {
  for (size_t b = 0; b < count; b++, in += WORDS) {
    word rest = 0;
    for (int w = 1; w < WORDS; w++) rest |= in[w];
    const int most = rest == 0 ? 1 : WORDS;
    unsigned mask = 0;
    for (int w = 0; w < most; w++) {
      *out = in[w];
      const unsigned set = in[w] != 0;
      mask |= set << w;
      out += set;
    }
    masks[b] = (uint16_t)mask;
  }
  return out;
}

static void unpack_generic(const uint16_t *masks, size_t count, const word *in, word *out) {
  memset(out, 0, count * WORDS * sizeof(word));
  for (size_t b = 0; b < count; b++, out += WORDS)
    for (unsigned mask = masks[b]; mask != 0; mask &= mask - 1) out[__builtin_ctz(mask)] = *in++;
}

#if defined(__x86_64__)

IC_AVX512 static word *pack_avx512(const word *in, size_t count, uint16_t *masks, word *out) {
  for (size_t b = 0; b < count; b++, in += WORDS) {
    const __m512i low = _mm512_loadu_si512(in), high = _mm512_loadu_si512(in + 8);
    const __mmask8 some = _mm512_test_epi64_mask(low, low), more = _mm512_test_epi64_mask(high, high);
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi64(some, low));
    out += _mm_popcnt_u32(some);
    // Rare, and so better asked than done each time.
    if (more != 0) {
      _mm512_storeu_si512(out, _mm512_maskz_compress_epi64(more, high));
      out += _mm_popcnt_u32(more);
    }
    masks[b] = (uint16_t)(some | more << 8);
  }
  return out;
}

IC_AVX512 static void unpack_avx512(const uint16_t *masks, size_t count, const word *in, word *out) {
  for (size_t b = 0; b < count; b++, out += WORDS) {
    const __mmask8 some = (__mmask8)masks[b], more = (__mmask8)(masks[b] >> 8);
    _mm512_storeu_si512(out, _mm512_maskz_expand_epi64(some, _mm512_loadu_si512(in)));
    in += _mm_popcnt_u32(some);
    __m512i high = _mm512_setzero_si512();
    if (more != 0) {
      high = _mm512_maskz_expand_epi64(more, _mm512_loadu_si512(in));
      in += _mm_popcnt_u32(more);
    }
    _mm512_storeu_si512(out + 8, high);
  }
}
#endif

size_t ic_blocks_pack(const int16_t *blocks, size_t count, uint8_t *packed, int level) {
  const word *in = (const word *)(const void *)blocks;
  uint16_t *masks = (uint16_t *)(void *)packed;
  word *out = (word *)(void *)(packed + masks_bytes(count));
  word *end;
#if defined(__x86_64__)
  if (level >= IC_LEVEL_AVX512)
    end = pack_avx512(in, count, masks, out);
  else
#endif
    end = pack_generic(in, count, masks, out);
  (void)level;
  return (size_t)((uint8_t *)end - packed);
}

void ic_blocks_unpack(const uint8_t *packed, size_t count, int16_t *blocks, int level) {
  const uint16_t *masks = (const uint16_t *)(const void *)packed;
  const word *in = (const word *)(const void *)(packed + masks_bytes(count));
  word *out = (word *)(void *)blocks;
#if defined(__x86_64__)
  if (level >= IC_LEVEL_AVX512) {
    unpack_avx512(masks, count, in, out);
    return;
  }
#endif
  (void)level;
  unpack_generic(masks, count, in, out);
}
