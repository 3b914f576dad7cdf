#ifndef IC_SIMD_H
#define IC_SIMD_H

#if defined(__x86_64__)
#include <immintrin.h>

// What the functions of each level are compiled for; `ic_best_level` asks for the same.
#define IC_AVX2 __attribute__((target("avx2,pclmul")))
#define IC_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,bmi,bmi2,pclmul,popcnt")))
#define IC_VBMI                                                                              \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vbmi2,"         \
                        "avx512vnni,vpclmulqdq,avx2,bmi,bmi2,pclmul,popcnt")))

// The lowest `count` bits of 64, all of them from 64 on.
static inline __mmask64 ic_first_64(ptrdiff_t count) {
  return count >= 64 ? ~(__mmask64)0 : count <= 0 ? 0 : ((__mmask64)1 << count) - 1;
}

static inline __mmask16 ic_first_16(ptrdiff_t count) {
  return (__mmask16)(count >= 16 ? 0xFFFF : count <= 0 ? 0 : (1u << count) - 1);
}

// A table of 256 bytes in registers.
typedef struct {
  __m512i part[4];
} ic_table;

IC_VBMI static inline ic_table ic_load_table(const uint8_t *from) {
  ic_table table;
  for (int i = 0; i < 4; i++) table.part[i] = _mm512_loadu_si512(from + 64 * i);
  return table;
}

IC_VBMI static inline __m512i ic_look_up(const ic_table *table, __m512i index) {
  __m512i low = _mm512_permutex2var_epi8(table->part[0], index, table->part[1]);
  __m512i high = _mm512_permutex2var_epi8(table->part[2], index, table->part[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
}

// The bytes of three vectors, one after the other, that `places` names.
IC_VBMI static inline __m512i ic_pick(__m512i a, __m512i b, __m512i c, __m512i places) {
  return _mm512_mask_permutexvar_epi8(
    _mm512_permutex2var_epi8(a, places, b), _mm512_movepi8_mask(places), places, c);
}
#endif

#endif
