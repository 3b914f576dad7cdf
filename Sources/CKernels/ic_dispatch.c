#include "ic_internal.h"

#if defined(__x86_64__)
static int has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

const ic_kernels *ic_kernels_for(ic_isa isa) {
  switch (isa) {
    case IC_ISA_GENERIC: return &ic_generic_kernels;
#if defined(__x86_64__)
    case IC_ISA_AVX2: return has_avx2() ? &ic_avx2_kernels : NULL;
    case IC_ISA_AVX512: return has_avx512() ? &ic_avx512_kernels : NULL;
#else
    case IC_ISA_AVX2:
    case IC_ISA_AVX512: return NULL;
#endif
  }
  return NULL;
}

ic_isa ic_best_isa(void) {
  if (ic_kernels_for(IC_ISA_AVX512) != NULL) return IC_ISA_AVX512;
  if (ic_kernels_for(IC_ISA_AVX2) != NULL) return IC_ISA_AVX2;
  return IC_ISA_GENERIC;
}
