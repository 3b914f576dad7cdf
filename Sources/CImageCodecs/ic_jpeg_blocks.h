#ifndef IC_JPEG_BLOCKS_H
#define IC_JPEG_BLOCKS_H

#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>

// The coefficients of a large JPEG of several scans in huge pages: the library's own memory costs a page
// fault for every 4 KiB, half of the time of decoding a large progressive photo. Of a very large one only
// the rows of blocks that the library works on are there as it wants them; the others are packed unless
// they are dense, since every scan goes through all of them.
typedef struct ic_jpeg_blocks ic_jpeg_blocks;

// Takes over where the coefficients of `codec` live, between jpeg_read_header and
// jpeg_start_decompress; what they take when they are not packed counts against its
// max_memory_to_use. NULL, and nothing changed, where the image is too small to gain by it.
ic_jpeg_blocks *ic_jpeg_blocks_install(j_decompress_ptr codec);

// Keeps all rows as the library wants them from now on: when it guesses coefficients from those of rows around,
// it looks at more rows than it asks for.
void ic_jpeg_blocks_unpack_all(j_decompress_ptr codec, ic_jpeg_blocks *blocks);

// Gives the memory back; the codec is not used any more. NULL is allowed.
void ic_jpeg_blocks_free(ic_jpeg_blocks *blocks);

#endif
