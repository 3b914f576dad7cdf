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
  png_structp png;
  png_infop info;
  uint8_t *band;
} png_state;

static void on_error(png_structp png, png_const_charp text) {
  png_state *state = png_get_error_ptr(png);
  ic_say(state->message, "%s", text);
  if (state->status == IC_OK) state->status = IC_CORRUPT;
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep to, size_t count) {
  png_state *state = png_get_io_ptr(png);
  if (count > state->length - state->offset) png_error(png, "the file ends early");
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
  png_set_benign_errors(png, 0);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_set_keep_unknown_chunks(
    png, PNG_HANDLE_CHUNK_NEVER, skipped, (int)((sizeof skipped) / 5));
  png_set_check_for_invalid_index(png, 1);
  png_set_read_fn(png, state, read_bytes);
}

// Asks libpng for 8-bit RGB: gray replicated, alpha dropped, the high byte of 16 bits.
static void request_rgb(png_state *state) {
  png_structp png = state->png;
  int colour = png_get_color_type(png, state->info);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
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

static void read_image(
  png_state *state, const ic_output *output, ic_decoded *decoded, int passes, int64_t deadline) {
  size_t row_bytes = (size_t)output->width * 3;
  int direct = ic_is_upright(output);
  for (int pass = 1; pass < passes; pass++) {
    for (int y = 0; y < output->height; y++) {
      uint8_t *whole = direct ? output->base : state->band;
      png_read_row(state->png, whole + (size_t)y * row_bytes, NULL);
      if (y % 64 == 0) check_time(state, deadline);
    }
  }
  for (int y = 0; y < output->height; y++) {
    int slot = passes > 1 ? y : y % IC_BAND_ROWS;
    uint8_t *row = (direct ? output->base + (size_t)y * row_bytes
                           : state->band + (size_t)slot * row_bytes);
    png_read_row(state->png, row, NULL);
    if (y % 64 == 0) check_time(state, deadline);
    if (direct) {
      decoded->rows = y + 1;
    } else if ((y + 1) % IC_BAND_ROWS == 0 || y + 1 == output->height) {
      int count = y + 1 - decoded->rows;
      const uint8_t *first = passes > 1 ? row - (size_t)(count - 1) * row_bytes : state->band;
      ic_place_rows(output, first, row_bytes, decoded->rows, count);
      decoded->rows = y + 1;
    }
  }
}

static void check_palette(png_state *state) {
  png_colorp palette;
  int colours = 0;
  if (png_get_PLTE(state->png, state->info, &palette, &colours) == 0) return;
  if (png_get_color_type(state->png, state->info) != PNG_COLOR_TYPE_PALETTE) return;
  if (png_get_palette_max(state->png, state->info) >= colours)
    png_error(state->png, "a pixel's palette index lies outside the palette");
}

static void decode(
  png_state *state, const ic_limits *limits, const ic_output *output, ic_decoded *decoded) {
  int64_t deadline = ic_thread_ns() + limits->cpu_ns;
  configure(state, limits);
  png_read_info(state->png, state->info);
  if (png_get_image_width(state->png, state->info) != (png_uint_32)output->width ||
      png_get_image_height(state->png, state->info) != (png_uint_32)output->height)
    png_error(state->png, "declares two different sizes");
  request_rgb(state);
  int passes = png_set_interlace_handling(state->png);
  png_read_update_info(state->png, state->info);
  size_t row_bytes = (size_t)output->width * 3;
  if (png_get_rowbytes(state->png, state->info) != row_bytes)
    png_error(state->png, "has an unexpected layout");
  if (!ic_is_upright(output)) {
    size_t rows = passes > 1 ? (size_t)output->height : IC_BAND_ROWS;
    state->band = malloc(rows * row_bytes);
    if (state->band == NULL) {
      state->status = IC_NO_MEMORY;
      png_error(state->png, "does not fit into memory");
    }
  }
  read_image(state, output, decoded, passes, deadline);
  check_palette(state);
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
  if (status == IC_CORRUPT && limits->keep_partial && decoded->rows > 0) {
    decoded->partial = 1;
    status = IC_OK;
  }
  png_destroy_read_struct(&state->png, &state->info, NULL);
  free(state->band);
  free(state);
  return status;
}
