#ifndef IC_CRC32C_H
#define IC_CRC32C_H

#include <stddef.h>
#include <stdint.h>

// Continues a CRC-32C (Castagnoli, reflected) over `count` bytes; start with 0.
uint32_t ic_crc32c(uint32_t crc, const uint8_t *bytes, size_t count);

// The same by table, whatever the processor can do.
uint32_t ic_crc32c_portable(uint32_t crc, const uint8_t *bytes, size_t count);

#endif
