#ifndef IC_BLOCKS_H
#define IC_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

// Blocks of 64 coefficients in less memory: a mask for each block that says which of its 16 words of
// four coefficients are not zero, then those words.

// Bytes that `count` packed blocks take at most, and what vector stores need behind them.
size_t ic_blocks_capacity(size_t count);

// Packs blocks and returns how many bytes they take now. `packed` is aligned to 8 bytes.
size_t ic_blocks_pack(const int16_t *blocks, size_t count, uint8_t *packed, int level);

// Writes every coefficient of `count` packed blocks; IC_BLOCKS_TAIL bytes behind them must be readable.
void ic_blocks_unpack(const uint8_t *packed, size_t count, int16_t *blocks, int level);

enum { IC_BLOCKS_TAIL = 64 };

#endif
