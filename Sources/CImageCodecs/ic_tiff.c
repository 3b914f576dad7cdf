#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

#include "ic_common.h"

// Strips above this size are read row by row.
enum { STRIP_BYTES = 8 << 20 };

typedef struct {
  const uint8_t *bytes;
  uint64_t length;
  uint64_t offset;
  ic_message *message;
  int reading;  // pixels are being read: a warning now means damage
  int damaged;
  int64_t deadline;
  const ic_tiff_layout *layout;
  const ic_output *output;
  uint8_t *packed;   // one strip, tile or row as libtiff gives it
  uint8_t *samples;  // the same with 8 bits per sample, pixels contiguous
  uint8_t *rgb;      // one row
  uint8_t *band;     // a row of tiles in RGB, where whole rows are wanted
  int status;
} tiff_state;

static tmsize_t on_read(thandle_t handle, void *to, tmsize_t count) {
  tiff_state *state = handle;
  if (count <= 0 || state->offset >= state->length) return 0;
  uint64_t left = state->length - state->offset;
  uint64_t taken = (uint64_t)count < left ? (uint64_t)count : left;
  memcpy(to, state->bytes + state->offset, (size_t)taken);
  state->offset += taken;
  return (tmsize_t)taken;
}

static tmsize_t on_write(thandle_t handle, void *from, tmsize_t count) {
  (void)handle, (void)from, (void)count;
  return 0;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
  tiff_state *state = handle;
  uint64_t base = whence == SEEK_CUR ? state->offset : whence == SEEK_END ? state->length : 0;
  state->offset = base + offset;
  return state->offset;
}

static int on_close(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t on_size(thandle_t handle) { return ((tiff_state *)handle)->length; }

static int on_error(
  TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
  (void)tiff, (void)module;
  tiff_state *state = user;
  char text[200];
  vsnprintf(text, sizeof text, format, arguments);
  ic_say(state->message, "%s", text);
  return 1;
}

static int on_warning(
  TIFF *tiff, void *user, const char *module, const char *format, va_list arguments) {
  tiff_state *state = user;
  if (!state->reading) return 1;
  state->damaged = 1;
  return on_error(tiff, user, module, format, arguments);
}

static int stop(tiff_state *state, int status, const char *text) {
  ic_say(state->message, "%s", text);
  if (state->status == IC_OK) state->status = status;
  return 0;
}

static int in_time(tiff_state *state) {
  return ic_thread_ns() <= state->deadline || stop(state, IC_DEADLINE, "takes too long to decode");
}

// Spreads `count` packed samples to 8 bits each, `step` bytes apart; 16 bits keep the high byte.
static void unpack(
  const uint8_t *in, int bits, int scaled, size_t count, uint8_t *out, size_t step) {
  if (bits == 8) {
    for (size_t i = 0; i < count; i++) out[i * step] = in[i];
  } else if (bits == 16) {
    for (size_t i = 0; i < count; i++) {
      uint16_t value;
      memcpy(&value, in + i * 2, 2);
      out[i * step] = (uint8_t)(value >> 8);
    }
  } else {
    unsigned top = (1u << bits) - 1, factor = scaled ? 255 / top : 1;
    size_t per_byte = 8 / (size_t)bits;
    for (size_t i = 0; i < count; i++) {
      unsigned shift = 8 - (unsigned)bits - (unsigned)(i % per_byte) * (unsigned)bits;
      out[i * step] = (uint8_t)(((unsigned)in[i / per_byte] >> shift & top) * factor);
    }
  }
}

static void restore_alpha(const uint8_t *from, uint8_t *rgb) {
  for (int c = 0; c < 3; c++) {
    unsigned value = from[3] == 0 ? 0 : from[c] * 255u / from[3];
    rgb[c] = (uint8_t)(value > 255 ? 255 : value);
  }
}

// Converts `width` pixels of 8-bit samples to RGB by the photometric's rule.
static void convert(const ic_tiff_layout *layout, const uint8_t *in, int width, uint8_t *rgb) {
  for (int x = 0; x < width; x++, in += layout->samples, rgb += 3) {
    switch (layout->photometric) {
      case PHOTOMETRIC_MINISWHITE: rgb[0] = rgb[1] = rgb[2] = (uint8_t)(255 - in[0]); break;
      case PHOTOMETRIC_MINISBLACK: rgb[0] = rgb[1] = rgb[2] = in[0]; break;
      case PHOTOMETRIC_PALETTE: memcpy(rgb, layout->palette + in[0] * 3, 3); break;
      case PHOTOMETRIC_SEPARATED: ic_cmyk_to_rgb(in, rgb); break;
      default:
        if (layout->premultiplied && layout->samples > 3) {
          restore_alpha(in, rgb);
        } else {
          memcpy(rgb, in, 3);
        }
    }
  }
}

static int reserve(tiff_state *state, uint64_t packed, uint64_t pixels, const ic_limits *limits) {
  uint64_t samples = pixels * (uint64_t)state->layout->samples;
  if (packed > (uint64_t)limits->codec_bytes || samples > (uint64_t)limits->codec_bytes)
    return stop(state, IC_NO_MEMORY, "has strips or tiles that are too large");
  state->packed = calloc(1, (size_t)packed + 8);
  state->samples = calloc(1, (size_t)samples + 8);
  state->rgb = malloc((size_t)state->output->width * 3 + 8);
  if (state->packed && state->samples && state->rgb) return 1;
  return stop(state, IC_NO_MEMORY, "does not fit into memory");
}

// Places `rows` rows of `width` pixels in `samples`, whose rows are `stride` pixels long, at (x, y).
static void place(
  tiff_state *state, const ic_output *output, int x, int y, int width, int rows, int stride) {
  ic_output part = *output;
  part.base += x * part.x_step;
  part.width = width;
  for (int r = 0; r < rows; r++) {
    convert(
      state->layout, state->samples + (size_t)r * (size_t)stride * (size_t)state->layout->samples,
      width, state->rgb);
    ic_place_rows(&part, state->rgb, (size_t)width * 3, y + r, 1);
  }
}

// Spreads a block of `rows` packed rows of `width` pixels, `row_bytes` apart, into `samples`.
static void spread(tiff_state *state, int plane, int width, int rows, size_t row_bytes) {
  const ic_tiff_layout *layout = state->layout;
  int scaled = layout->photometric != PHOTOMETRIC_PALETTE;
  int separate = layout->planar == PLANARCONFIG_SEPARATE;
  size_t count = (size_t)width * (separate ? 1 : (size_t)layout->samples);
  for (int r = 0; r < rows; r++) {
    uint8_t *to = state->samples + (size_t)r * (size_t)width * (size_t)layout->samples + plane;
    unpack(
      state->packed + (size_t)r * row_bytes, layout->bits, scaled, count, to,
      separate ? (size_t)layout->samples : 1);
  }
}

static int read_scanlines(TIFF *tiff, tiff_state *state, const ic_limits *limits, ic_decoded *done) {
  int width = state->output->width;
  if (!reserve(state, (uint64_t)TIFFScanlineSize64(tiff), (uint64_t)width, limits)) return 0;
  for (int y = 0; y < state->output->height; y++) {
    if (y % 64 == 0 && !in_time(state)) return 0;
    if (TIFFReadScanline(tiff, state->packed, (uint32_t)y, 0) != 1)
      return stop(state, IC_CORRUPT, "a row cannot be read");
    spread(state, 0, width, 1, 0);
    place(state, state->output, 0, y, width, 1, width);
    done->rows = y + 1;
  }
  return 1;
}

static int read_strips(TIFF *tiff, tiff_state *state, const ic_limits *limits, ic_decoded *done) {
  int width = state->output->width, height = state->output->height;
  uint32_t strip_rows = 0;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &strip_rows);
  if (strip_rows == 0) return stop(state, IC_CORRUPT, "has strips without rows");
  if (strip_rows > (uint32_t)height) strip_rows = (uint32_t)height;
  uint64_t strip_bytes = TIFFVStripSize64(tiff, strip_rows);
  int planes = state->layout->planar == PLANARCONFIG_SEPARATE ? state->layout->samples : 1;
  if (strip_bytes > STRIP_BYTES && planes == 1)
    return read_scanlines(tiff, state, limits, done);
  if (!reserve(state, strip_bytes, (uint64_t)width * strip_rows, limits)) return 0;
  for (int y = 0; y < height; y += (int)strip_rows) {
    int rows = height - y < (int)strip_rows ? height - y : (int)strip_rows;
    tmsize_t expected = TIFFVStripSize(tiff, (uint32_t)rows);
    if (!in_time(state)) return 0;
    for (int plane = 0; plane < planes; plane++) {
      uint32_t strip = TIFFComputeStrip(tiff, (uint32_t)y, (uint16_t)plane);
      if (TIFFReadEncodedStrip(tiff, strip, state->packed, expected) != expected)
        return stop(state, IC_CORRUPT, "a strip is incomplete");
      spread(state, plane, width, rows, (size_t)TIFFScanlineSize(tiff));
    }
    place(state, state->output, 0, y, width, rows, width);
    done->rows = y + rows;
  }
  return 1;
}

static int read_tiles(TIFF *tiff, tiff_state *state, const ic_limits *limits, ic_decoded *done) {
  int width = state->output->width, height = state->output->height;
  uint32_t tile_width = 0, tile_height = 0;
  TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tile_width);
  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tile_height);
  if (tile_width == 0 || tile_height == 0 || tile_width > 65536 || tile_height > 65536)
    return stop(state, IC_CORRUPT, "has tiles of an impossible size");
  uint64_t tile_bytes = TIFFTileSize64(tiff);
  if (!reserve(state, tile_bytes, (uint64_t)tile_width * tile_height, limits)) return 0;
  if (state->output->sink != NULL) {
    uint64_t band_bytes = (uint64_t)width * 3 * tile_height;
    if (band_bytes > (uint64_t)limits->codec_bytes)
      return stop(state, IC_NO_MEMORY, "has tiles that are too large");
    state->band = malloc((size_t)band_bytes);
    if (state->band == NULL) return stop(state, IC_NO_MEMORY, "does not fit into memory");
  }
  ic_output band = {.base = state->band, .x_step = 3, .y_step = (ptrdiff_t)width * 3};
  int planes = state->layout->planar == PLANARCONFIG_SEPARATE ? state->layout->samples : 1;
  for (int y = 0; y < height; y += (int)tile_height) {
    int rows = height - y < (int)tile_height ? height - y : (int)tile_height;
    for (int x = 0; x < width; x += (int)tile_width) {
      int columns = width - x < (int)tile_width ? width - x : (int)tile_width;
      if (!in_time(state)) return 0;
      for (int plane = 0; plane < planes; plane++) {
        uint32_t tile = TIFFComputeTile(tiff, (uint32_t)x, (uint32_t)y, 0, (uint16_t)plane);
        if (TIFFReadEncodedTile(tiff, tile, state->packed, (tmsize_t)tile_bytes) !=
            (tmsize_t)tile_bytes)
          return stop(state, IC_CORRUPT, "a tile is incomplete");
        spread(state, plane, (int)tile_width, rows, (size_t)TIFFTileRowSize(tiff));
      }
      if (state->band != NULL)
        place(state, &band, x, 0, columns, rows, (int)tile_width);
      else
        place(state, state->output, x, y, columns, rows, (int)tile_width);
    }
    if (state->band != NULL)
      ic_place_rows(state->output, state->band, (size_t)width * 3, y, rows);
    done->rows = y + rows;
  }
  return 1;
}

// Whether libtiff read the same layout as the caller.
static int agrees(TIFF *tiff, const ic_tiff_layout *layout, const ic_output *output) {
  uint32_t width = 0, height = 0;
  uint16_t bits = 1, samples = 1, compression = 1, planar = 1, photometric = 0;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric))
    photometric = (uint16_t)layout->photometric;
  return width == (uint32_t)output->width && height == (uint32_t)output->height &&
         bits == layout->bits && samples == layout->samples &&
         compression == layout->compression && planar == layout->planar &&
         photometric == layout->photometric;
}

static int read_image(TIFF *tiff, tiff_state *state, const ic_limits *limits, ic_decoded *done) {
  if (state->layout->directory > 0 &&
      !TIFFSetDirectory(tiff, (tdir_t)state->layout->directory))
    return stop(state, IC_CORRUPT, "a directory cannot be read");
  if (!agrees(tiff, state->layout, state->output))
    return stop(state, IC_CORRUPT, "declares two different layouts");
  if (state->layout->compression == COMPRESSION_JPEG)
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  state->reading = 1;
  return TIFFIsTiled(tiff) ? read_tiles(tiff, state, limits, done)
                           : read_strips(tiff, state, limits, done);
}

int ic_tiff_decode(
  const uint8_t *bytes, size_t length, const ic_limits *limits, const ic_tiff_layout *layout,
  const ic_output *output, ic_decoded *decoded, char *message, size_t capacity) {
  ic_message said = {message, capacity};
  if (capacity > 0) message[0] = 0;
  memset(decoded, 0, sizeof *decoded);
  tiff_state state = {
    .bytes = bytes, .length = length, .message = &said, .layout = layout, .output = output,
    .deadline = ic_thread_ns() + limits->cpu_ns};
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (options == NULL) return IC_NO_MEMORY;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)256 << 20);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, &state);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, &state);
  TIFF *tiff = TIFFClientOpenExt(
    "image", "rm", &state, on_read, on_write, on_seek, on_close, on_size, NULL, NULL, options);
  TIFFOpenOptionsFree(options);
  if (tiff == NULL) {
    state.status = IC_CORRUPT;
  } else {
    if (!read_image(tiff, &state, limits, decoded) && state.status == IC_OK)
      state.status = IC_CORRUPT;
    TIFFClose(tiff);
  }
  if (state.status == IC_OK && state.damaged && !limits->keep_partial) state.status = IC_CORRUPT;
  if (state.status == IC_CORRUPT && limits->keep_partial && decoded->rows > 0) {
    state.damaged = 1;
    state.status = IC_OK;
  }
  decoded->partial = state.damaged;
  free(state.packed);
  free(state.samples);
  free(state.rgb);
  free(state.band);
  return state.status;
}
