// Single instructions of the register tile; the operands' types choose ymm or zmm.

#define ic_tile_load(b, weights, offset) \
  __asm__ volatile("vmovups %c2(%1), %0" : "=v"(b) : "r"(weights), "i"(offset))

#ifndef ic_tile_multiply_add
#define ic_tile_multiply_add(acc, x, b) \
  __asm__ volatile("vfmadd231ps %2, %1, %0" : "+v"(acc) : "v"(x), "v"(b))
#endif

#define ic_tile_prefetch(weights, offset) \
  __asm__ volatile("prefetcht0 %c1(%0)" : : "r"(weights), "i"(offset))

/// Into the second-level cache.
#define ic_tile_prefetch_later(weights, offset) \
  __asm__ volatile("prefetcht1 %c1(%0)" : : "r"(weights), "i"(offset))

/// Broadcasts the float at byte `offset` of pixel `m` (0 ... 3) after `p`.
#define ic_tile_broadcast(x, p, s, s3, m, offset)                                              \
  do {                                                                                         \
    switch (m) {                                                                               \
      case 0:                                                                                  \
        __asm__ volatile("vbroadcastss %c2(%1), %0" : "=v"(x) : "r"(p), "i"(offset));          \
        break;                                                                                 \
      case 1:                                                                                  \
        __asm__ volatile(                                                                      \
            "vbroadcastss %c3(%1,%2), %0" : "=v"(x) : "r"(p), "r"(s), "i"(offset));            \
        break;                                                                                 \
      case 2:                                                                                  \
        __asm__ volatile(                                                                      \
            "vbroadcastss %c3(%1,%2,2), %0" : "=v"(x) : "r"(p), "r"(s), "i"(offset));          \
        break;                                                                                 \
      default:                                                                                 \
        __asm__ volatile(                                                                      \
            "vbroadcastss %c3(%1,%2), %0" : "=v"(x) : "r"(p), "r"(s3), "i"(offset));           \
    }                                                                                          \
  } while (0)

/// Prefetches pixel `m` (0 ... 3) after `p`.
#define ic_tile_prefetch_pixel(p, s, s3, m)                                            \
  do {                                                                                 \
    const char *line = (p) + (m) * (s);                                                \
    __asm__ volatile("prefetcht0 (%0)" : : "r"(line));                                 \
  } while (0)
