// The register tile of one instruction set. The including file defines
//   IC_TILE_VECTOR  the vector type, IC_TILE_LANES its floats, IC_TILE_MAX the pixels of one tile,
//   IC_TILE_PREFETCH weights to prefetch ahead, in k steps (0: none),
//   IC_TILE_REST     k steps that are unrolled behind the last sixteen (1: none),
//   ic_tile_load, ic_tile_broadcast, ic_tile_multiply_add, ic_tile_prefetch.
// On x86 those are single instructions in volatile assembly: left to itself the compiler hoists
// broadcasts and spills accumulators.

#define IC_TILE_VECTORS (IC_BLOCK / IC_TILE_LANES)

/// One k step of `pixels` x `vectors`: input at byte offset `a`, weights at byte offset `w`.
IC_INLINE void ic_tile_step(
    IC_TILE_VECTOR acc[IC_TILE_MAX][2], const char *const p[4], ptrdiff_t s, ptrdiff_t s3,
    const char *weights, const int pixels, const int vectors, const int a, const int w) {
  IC_TILE_VECTOR b[2];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
    ic_tile_load(b[v], weights, w + v * IC_TILE_LANES * 4);
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < pixels; m++) {
    IC_TILE_VECTOR x;
    ic_tile_broadcast(x, p[m / 4], s, s3, m % 4, a);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      ic_tile_multiply_add(acc[m][v], x, b[v]);
    }
  }
}

/// The multiply-adds of a whole tile; `k_bytes` lie between the weights of two k steps.
IC_INLINE void ic_tile_accumulate(
    const ic_tile *tile, IC_TILE_VECTOR acc[IC_TILE_MAX][2], const int pixels, const int vectors,
    const int k_bytes) {
  const ptrdiff_t s = tile->pixel_stride * 4, s3 = 3 * s, next = tile->next * 4;
  const char *weights = (const char *)tile->weights;
  const char *block = (const char *)tile->input;
  const char *ahead = (const char *)tile->ahead;
  for (ptrdiff_t i = tile->blocks; i > 0; i--, block += tile->block_stride * 4) {
    for (ptrdiff_t t = 0; t < tile->tap_count; t++) {
      const char *p[4];
      p[0] = block + tile->taps[t] * 4;
      p[1] = p[0] + 4 * s;
      p[2] = p[1] + 4 * s;
      p[3] = p[2] + 4 * s;
      ptrdiff_t k = tile->inner;
      for (; k >= 16; k -= 16) {
#pragma clang loop unroll(full)
        for (int u = 0; u < 16; u++) {
          ic_tile_step(acc, p, s, s3, weights, pixels, vectors, u * 4, u * k_bytes);
          if (IC_TILE_PREFETCH > 0) {
#pragma clang loop unroll(full)
            for (int line = 0; line < vectors * IC_TILE_LANES * 4; line += 64) {
              ic_tile_prefetch(weights, (u + IC_TILE_PREFETCH) * k_bytes + line);
            }
            if (u < pixels) ic_tile_prefetch_pixel(p[u / 4] + next, s, s3, u % 4);
            ic_tile_prefetch_later(ahead, u * 64);
          }
        }
        weights += 16 * k_bytes;
        ahead += 16 * 64;
        p[0] += 64;
        p[1] += 64;
        p[2] += 64;
        p[3] += 64;
      }
      for (; IC_TILE_REST > 1 && k >= IC_TILE_REST; k -= IC_TILE_REST) {
#pragma clang loop unroll(full)
        for (int u = 0; u < IC_TILE_REST; u++) {
          ic_tile_step(acc, p, s, s3, weights, pixels, vectors, u * 4, u * k_bytes);
        }
        weights += IC_TILE_REST * k_bytes;
        p[0] += IC_TILE_REST * 4;
        p[1] += IC_TILE_REST * 4;
        p[2] += IC_TILE_REST * 4;
        p[3] += IC_TILE_REST * 4;
      }
      for (; k > 0; k--) {
        ic_tile_step(acc, p, s, s3, weights, pixels, vectors, 0, 0);
        weights += k_bytes;
        p[0] += 4;
        p[1] += 4;
        p[2] += 4;
        p[3] += 4;
      }
    }
  }
}

/// Applies what the registers cannot: dear activations, and residuals added after any activation.
static __attribute__((noinline)) void ic_tile_finish(
    const ic_tile *tile, ptrdiff_t pixels, ptrdiff_t blocks) {
  const ic_activation *activation = tile->activation;
  for (ptrdiff_t n = 0; n < blocks; n++) {
    float *output = tile->output + n * tile->output_block_stride;
    if (tile->output_pixel_stride == IC_BLOCK) {
      ic_simd_activate(output, pixels * IC_BLOCK, activation);
    } else {
      for (ptrdiff_t m = 0; m < pixels; m++) {
        ic_simd_activate(output + m * tile->output_pixel_stride, IC_BLOCK, activation);
      }
    }
    if (tile->residual == NULL || !activation->before_residual) continue;
    const float *residual = tile->residual + n * tile->residual_block_stride;
    for (ptrdiff_t m = 0; m < pixels; m++) {
      float *pixel = output + m * tile->output_pixel_stride;
      ic_store(pixel, ic_load(pixel) + ic_load(residual + m * tile->residual_pixel_stride));
    }
  }
}

IC_INLINE void ic_tile_body(
    const ic_tile *tile, const int pixels, const int vectors, const int k_bytes) {
  IC_TILE_VECTOR acc[IC_TILE_MAX][2];
  const ic_activation activation = *tile->activation;
  const int adds = tile->residual != NULL;
  if (IC_TILE_PREFETCH > 0) {
    for (int m = 0; m < pixels; m++) {
      for (int v = 0; v < vectors; v += IC_TILE_VECTORS) {
        __builtin_prefetch(
            tile->output + m * tile->output_pixel_stride + v * tile->output_block_stride, 1);
        if (adds) {
          __builtin_prefetch(
              tile->residual + m * tile->residual_pixel_stride + v * tile->residual_block_stride);
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < pixels; m++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      acc[m][v] = *(const IC_TILE_UNALIGNED *)(tile->bias + v * IC_TILE_LANES);
    }
  }
  ic_tile_accumulate(tile, acc, pixels, vectors, k_bytes);
  const int later = activation.kind > IC_ACTIVATION_CLIP || (adds && activation.before_residual);
  if (adds && !activation.before_residual) {
#pragma clang loop unroll(full)
    for (int m = 0; m < pixels; m++) {
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        acc[m][v] += *(const IC_TILE_UNALIGNED *)(
            tile->residual + m * tile->residual_pixel_stride +
            v / IC_TILE_VECTORS * tile->residual_block_stride +
            v % IC_TILE_VECTORS * IC_TILE_LANES);
      }
    }
  }
  if (!later && activation.kind == IC_ACTIVATION_RELU) {
    const IC_TILE_VECTOR zero = (IC_TILE_VECTOR)(0.0f);
#pragma clang loop unroll(full)
    for (int m = 0; m < pixels; m++) {
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) acc[m][v] = acc[m][v] < zero ? zero : acc[m][v];
    }
  } else if (!later && activation.kind == IC_ACTIVATION_CLIP) {
    const IC_TILE_VECTOR low = (IC_TILE_VECTOR)(activation.a);
    const IC_TILE_VECTOR high = (IC_TILE_VECTOR)(activation.b);
#pragma clang loop unroll(full)
    for (int m = 0; m < pixels; m++) {
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        const IC_TILE_VECTOR x = acc[m][v] < low ? low : acc[m][v];
        acc[m][v] = x > high ? high : x;
      }
    }
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < pixels; m++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      *(IC_TILE_UNALIGNED *)(
          tile->output + m * tile->output_pixel_stride +
          v / IC_TILE_VECTORS * tile->output_block_stride +
          v % IC_TILE_VECTORS * IC_TILE_LANES) = acc[m][v];
    }
  }
  if (later) ic_tile_finish(tile, pixels, ic_max(vectors / IC_TILE_VECTORS, 1));
}
