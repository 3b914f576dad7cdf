#include <stdlib.h>
#include <string.h>

#include "ic_checksums.h"
#include "ic_codecs.h"
#include "ic_deflate.h"
#include "ic_png_filter.h"

enum { BLOCK_BYTES = 192 << 10 };

struct ic_png_writer {
  ic_bytes out;
  ic_crc_tables crc;
  size_t row_bytes;
  int32_t bytes_per_pixel;
  int32_t rows_left;
  int32_t filter;
  int32_t level;
  size_t idat;  // offset of the IDAT chunk
  uint32_t adler;
  uint8_t *previous;  // the row above, 8 zeros before it
  uint8_t *block;     // filtered rows that wait to be compressed
  size_t filled;
};

static void put32(uint8_t *to, uint32_t value) {
  to[0] = (uint8_t)(value >> 24);
  to[1] = (uint8_t)(value >> 16);
  to[2] = (uint8_t)(value >> 8);
  to[3] = (uint8_t)value;
}

static void append(ic_bytes *out, const void *bytes, size_t length) {
  if (length == 0 || !ic_reserve(out, length + 8)) return;
  memcpy(out->bytes + out->length, bytes, length);
  out->length += length;
}

// Completes the chunk that starts at `start`: its length and its checksum.
static void close_chunk(ic_png_writer *writer, size_t start) {
  ic_bytes *out = &writer->out;
  if (!ic_reserve(out, 12)) return;
  size_t length = out->length - start - 8;
  put32(out->bytes + start, (uint32_t)length);
  put32(
    out->bytes + out->length,
    ic_crc32(&writer->crc, out->bytes + start + 4, length + 4, writer->level));
  out->length += 4;
}

static void append_chunk(
  ic_png_writer *writer, const char *type, const void *bytes, size_t length) {
  size_t start = writer->out.length;
  append(&writer->out, "\0\0\0\0", 4);
  append(&writer->out, type, 4);
  append(&writer->out, bytes, length);
  close_chunk(writer, start);
}

static void append_start(ic_png_writer *writer, const ic_png_image *image) {
  static const uint8_t colours[] = {[IC_PNG_GRAY] = 0, [IC_PNG_RGB] = 2, [IC_PNG_INDEXED] = 3,
                                    [IC_PNG_RGBA] = 6};
  uint8_t header[13] = {0};
  put32(header, (uint32_t)image->width);
  put32(header + 4, (uint32_t)image->height);
  header[8] = 8;
  header[9] = colours[image->kind];
  append(&writer->out, "\x89PNG\r\n\x1a\n", 8);
  append_chunk(writer, "IHDR", header, sizeof header);
  if (image->kind == IC_PNG_INDEXED) {
    append_chunk(writer, "PLTE", image->palette, (size_t)image->colours * 3);
    if (image->alphas > 0) append_chunk(writer, "tRNS", image->alpha, (size_t)image->alphas);
  }
  writer->idat = writer->out.length;
  append(&writer->out, "\0\0\0\0IDAT\x78\x01", 10);
}

ic_png_writer *ic_png_begin(const ic_png_image *image) {
  ic_png_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL) return NULL;
  static const int32_t channels[] = {[IC_PNG_GRAY] = 1, [IC_PNG_RGB] = 3, [IC_PNG_INDEXED] = 1,
                                     [IC_PNG_RGBA] = 4};
  writer->bytes_per_pixel = channels[image->kind];
  writer->row_bytes = (size_t)image->width * (size_t)writer->bytes_per_pixel;
  writer->rows_left = image->height;
  writer->filter = image->filter;
  writer->level = image->level;
  writer->adler = 1;
  ic_crc_prepare(&writer->crc);
  writer->previous = calloc(1, writer->row_bytes + 16);
  writer->block = malloc(BLOCK_BYTES + writer->row_bytes + 64);
  append_start(writer, image);
  if (writer->previous && writer->block && !writer->out.failed) return writer;
  ic_png_free(writer);
  return NULL;
}

static void compress(ic_png_writer *writer, int last) {
  writer->adler = ic_adler32(writer->adler, writer->block, writer->filled, writer->level);
  ic_deflate_block(&writer->out, writer->block, writer->filled, last, writer->level);
  writer->filled = 0;
}

int ic_png_rows(ic_png_writer *writer, const uint8_t *rows, ptrdiff_t stride, int32_t count) {
  const uint8_t *up = writer->previous;
  for (int32_t r = 0; r < count && writer->rows_left > 0; r++, rows += stride) {
    uint8_t *to = writer->block + writer->filled;
    to[0] = (uint8_t)writer->filter;
    ic_png_filter(
      writer->filter, rows, up, writer->row_bytes, (size_t)writer->bytes_per_pixel, to + 1,
      writer->level);
    writer->filled += writer->row_bytes + 1;
    writer->rows_left--;
    if (writer->filled >= BLOCK_BYTES) compress(writer, writer->rows_left == 0);
    up = rows;
  }
  if (up != writer->previous) memcpy(writer->previous, up, writer->row_bytes);
  return writer->out.failed ? IC_NO_MEMORY : IC_OK;
}

int ic_png_finish(ic_png_writer *writer, const uint8_t **bytes, size_t *length) {
  if (writer->rows_left > 0) return IC_CORRUPT;
  ic_bytes *out = &writer->out;
  if (writer->filled > 0) compress(writer, 1);
  ic_flush_bits(out);
  if (!ic_reserve(out, 64)) return IC_NO_MEMORY;
  put32(out->bytes + out->length, writer->adler);
  out->length += 4;
  close_chunk(writer, writer->idat);
  append_chunk(writer, "IEND", NULL, 0);
  if (out->failed) return IC_NO_MEMORY;
  *bytes = out->bytes;
  *length = out->length;
  return IC_OK;
}

void ic_png_free(ic_png_writer *writer) {
  if (writer == NULL) return;
  free(writer->out.bytes);
  free(writer->previous);
  free(writer->block);
  free(writer);
}
