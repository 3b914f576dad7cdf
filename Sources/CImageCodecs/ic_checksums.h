#ifndef IC_CHECKSUMS_H
#define IC_CHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

// The checksum of zlib; `adler` is 1 at the beginning.
uint32_t ic_adler32(uint32_t adler, const uint8_t *in, size_t length, int level);

// The CRC of PNG, with tables that the caller keeps.
typedef struct {
  uint32_t table[8][256];
} ic_crc_tables;

void ic_crc_prepare(ic_crc_tables *tables);
uint32_t ic_crc32(const ic_crc_tables *tables, const uint8_t *in, size_t length, int level);

#endif
