#include "ic_codecs.h"

int ic_best_level(void) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("pclmul"))
    return IC_LEVEL_GENERIC;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("popcnt"))
    return IC_LEVEL_AVX2;
  if (!__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("avx512vbmi2") ||
      !__builtin_cpu_supports("avx512vnni") || !__builtin_cpu_supports("vpclmulqdq"))
    return IC_LEVEL_AVX512;
  return IC_LEVEL_VBMI;
#else
  return IC_LEVEL_GENERIC;
#endif
}
