#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "ic_common.h"

typedef struct {
  const uint8_t *bytes;
  size_t length;
  size_t offset;
  ic_message *message;
  int status;
  int reading;
  png_structp png;
  png_infop info;
  int indexed;
  uint8_t *band;     // rows as libpng gives them, where they do not go to their place at once
  uint8_t *colours;  // a band of indices in colour
} png_state;

static void on_error(png_structp png, png_const_charp text) {
  png_state *state = png_get_error_ptr(png);
  ic_say(state->message, "%s", text);
  if (state->status == IC_OK) state->status = IC_CORRUPT;
  png_longjmp(png, 1);
}

// Before the pixels, warnings concern chunks that are skipped; among them, they mean damage, but
// for bytes behind a complete image.
static void on_warning(png_structp png, png_const_charp text) {
  png_state *state = png_get_error_ptr(png);
  if (state->reading && strstr(text, "Extra compressed data") == NULL) on_error(png, text);
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
  png_state *state = png_get_io_ptr(png);
  if (count > state->length - state->offset) {
    state->status = IC_TRUNCATED;
    png_error(png, "the file ends early");
  }
  memcpy(to, state->bytes + state->offset, count);
  state->offset += count;
}

// Chunks that say nothing about RGB pixels: skipped unread, so that none can be a bomb.
static const png_byte skipped[] =
  "tEXt\0zTXt\0iTXt\0iCCP\0sPLT\0eXIf\0hIST\0pCAL\0sCAL\0tIME\0oFFs\0pHYs\0bKGD\0cHRM\0gAMA\0"
  "sRGB\0sBIT\0tRNS\0cICP\0mDCV\0cLLI";

static void configure(png_state *state, const ic_limits *limits) {
  png_structp png = state->png;
  png_set_user_limits(png, (png_uint_32)limits->max_side, (png_uint_32)limits->max_side);
  png_set_chunk_cache_max(png, 64);
  png_set_chunk_malloc_max(png, 4 << 20);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
  png_set_benign_errors(png, 1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_set_keep_unknown_chunks(
    png, PNG_HANDLE_CHUNK_NEVER, skipped, (int)((sizeof skipped) / 5));
  // Small reads, so that little of a file that ends early is lost.
  if (limits->keep_partial) png_set_compression_buffer_size(png, 64);
  png_set_read_fn(png, state, read_bytes);
}

// Asks libpng for 8-bit RGB: gray replicated, alpha dropped, the high byte of 16 bits. Palette
// indices stay as they are, one per byte, because libpng turns those without a colour black.
static void request_layout(png_state *state) {
  png_structp png = state->png;
  int colour = png_get_color_type(png, state->info);
  if (colour == PNG_COLOR_TYPE_PALETTE) {
    state->indexed = 1;
    png_set_packing(png);
    return;
  }
  if (png_get_bit_depth(png, state->info) == 16) png_set_strip_16(png);
  if ((colour & PNG_COLOR_MASK_COLOR) == 0) {
    if (png_get_bit_depth(png, state->info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  if ((colour & PNG_COLOR_MASK_ALPHA) != 0) png_set_strip_alpha(png);
}

static void check_time(png_state *state, int64_t deadline) {
  if (ic_thread_ns() <= deadline) return;
  state->status = IC_DEADLINE;
  png_error(state->png, "takes too long to decode");
}

static void reserve(png_state *state, const ic_output *output, int rows) {
  size_t pixels = (size_t)output->width * (size_t)rows;
  if (rows > 0) state->band = malloc(pixels * (state->indexed ? 1 : 3));
  if (state->indexed) state->colours = malloc((size_t)output->width * 3 * IC_BAND_ROWS);
  if ((rows > 0 && !state->band) || (state->indexed && !state->colours)) {
    state->status = IC_NO_MEMORY;
    png_error(state->png, "does not fit into memory");
  }
}

// Looks the colours of `count` indices up.
static void colour_in(png_state *state, const uint8_t *indices, size_t count, uint8_t *rgb) {
  png_colorp palette = NULL;
  int colours = 0;
  png_get_PLTE(state->png, state->info, &palette, &colours);
  for (size_t i = 0; i < count; i++, rgb += 3) {
    if (indices[i] >= colours) png_error(state->png, "a palette index has no colour");
    rgb[0] = palette[indices[i]].red;
    rgb[1] = palette[indices[i]].green;
    rgb[2] = palette[indices[i]].blue;
  }
}

// Places `count` decoded rows, at most IC_BAND_ROWS.
static void place(png_state *state, const ic_output *output, const uint8_t *rows, int y, int count) {
  if (state->indexed) {
    colour_in(state, rows, (size_t)output->width * (size_t)count, state->colours);
    rows = state->colours;
  }
  ic_place_rows(output, rows, (size_t)output->width * 3, y, count);
}

static void read_image(
  png_state *state, const ic_output *output, ic_decoded *decoded, int passes, int64_t deadline) {
  size_t row_bytes = (size_t)output->width * (state->indexed ? 1 : 3);
  int direct = ic_is_upright(output) && !state->indexed;
  reserve(state, output, direct ? 0 : passes > 1 ? output->height : IC_BAND_ROWS);
  uint8_t *whole = direct ? output->base : state->band;
  for (int pass = 1; pass < passes; pass++) {
    for (int y = 0; y < output->height; y++) {
      png_read_row(state->png, whole + (size_t)y * row_bytes, NULL);
      if (y % 64 == 0) check_time(state, deadline);
    }
  }
  for (int y = 0; y < output->height; y++) {
    int slot = direct || passes > 1 ? y : y % IC_BAND_ROWS;
    png_read_row(state->png, whole + (size_t)slot * row_bytes, NULL);
    if (y % 64 == 0) check_time(state, deadline);
    int count = y + 1 - decoded->rows;
    if (!direct && (count == IC_BAND_ROWS || y + 1 == output->height))
      place(state, output, whole + (size_t)(slot + 1 - count) * row_bytes, decoded->rows, count);
    if (direct || count == IC_BAND_ROWS) decoded->rows = y + 1;
  }
  decoded->rows = output->height;
}

static void decode(
  png_state *state, const ic_limits *limits, const ic_output *output, ic_decoded *decoded) {
  int64_t deadline = ic_thread_ns() + limits->cpu_ns;
  configure(state, limits);
  png_read_info(state->png, state->info);
  if (png_get_image_width(state->png, state->info) != (png_uint_32)output->width ||
      png_get_image_height(state->png, state->info) != (png_uint_32)output->height)
    png_error(state->png, "declares two different sizes");
  request_layout(state);
  int passes = png_set_interlace_handling(state->png);
  png_read_update_info(state->png, state->info);
  if (png_get_rowbytes(state->png, state->info) !=
      (size_t)output->width * (state->indexed ? 1 : 3))
    png_error(state->png, "has an unexpected layout");
  state->reading = 1;
  read_image(state, output, decoded, passes, deadline);
}

int ic_png_decode(
  const uint8_t *bytes, size_t length, const ic_limits *limits, const ic_output *output,
  ic_decoded *decoded, char *message, size_t capacity) {
  ic_message said = {message, capacity};
  if (capacity > 0) message[0] = 0;
  memset(decoded, 0, sizeof *decoded);
  png_state *state = calloc(1, sizeof *state);
  if (state == NULL) return IC_NO_MEMORY;
  state->bytes = bytes;
  state->length = length;
  state->message = &said;
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  state->info = state->png == NULL ? NULL : png_create_info_struct(state->png);
  if (state->info == NULL) {
    state->status = IC_NO_MEMORY;
  } else if (setjmp(png_jmpbuf(state->png)) == 0) {
    decode(state, limits, output, decoded);
  }
  int status = state->status;
  if ((status == IC_CORRUPT || status == IC_TRUNCATED) && limits->keep_partial && decoded->rows > 0) {
    decoded->partial = 1;
    status = IC_OK;
  }
  png_destroy_read_struct(&state->png, &state->info, NULL);
  free(state->band);
  free(state->colours);
  free(state);
  return status;
}
