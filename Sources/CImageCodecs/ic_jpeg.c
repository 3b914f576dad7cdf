#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

#include "ic_common.h"
#include "ic_jpeg_blocks.h"
#include "ic_jpeg_scans.h"
#include "ic_jpeg_window.h"

// Reading the thread's clock is a system call: rows of blocks between two looks at it.
enum { CLOCK_TICKS = 32 };

// Everything a callback reaches; the error manager comes first so that cinfo->err leads here.
typedef struct {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct codec;
  jmp_buf escape;
  ic_message *message;
  int status;
  int damaged;
  int keep_partial;
  int max_scans;
  int64_t deadline;
  unsigned ticks;
  uint8_t *band;
  uint8_t *inks;
  ic_jpeg_part part;
  ic_output placed;  // where rows go, at the size that is decoded
  int filled;        // rows of the band that are not placed yet
  ic_jpeg_blocks *blocks;
  ic_jpeg_scans kept;
} jpeg_state;

static void fail(jpeg_state *state, int status) {
  state->status = status;
  longjmp(state->escape, 1);
}

static void on_error(j_common_ptr common) {
  jpeg_state *state = (jpeg_state *)common->err;
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  ic_say(state->message, "%s", text);
  int code = common->err->msg_code;
  int status = IC_CORRUPT;
  if (code == JERR_NO_BACKING_STORE || code == JERR_OUT_OF_MEMORY) status = IC_NO_MEMORY;
  if (code == JWRN_JPEG_EOF || code == JERR_INPUT_EOF) status = IC_TRUNCATED;
  fail(state, status);
}

static void on_message(j_common_ptr common, int level) {
  if (level >= 0) return;
  jpeg_state *state = (jpeg_state *)common->err;
  int code = common->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  state->damaged = 1;
  if (!state->keep_partial) on_error(common);
}

static void stay_silent(j_common_ptr common) { (void)common; }

static void refuse_scans(jpeg_state *state) {
  ic_say(state->message, "has more than %d scans", state->max_scans);
  fail(state, IC_SCAN_LIMIT);
}

static void check_clock(jpeg_state *state) {
  if (ic_thread_ns() <= state->deadline) return;
  ic_say(state->message, "takes too long to decode");
  fail(state, IC_DEADLINE);
}

static void on_progress(j_common_ptr common) {
  jpeg_state *state = (jpeg_state *)common->err;
  if (state->codec.input_scan_number > state->max_scans) refuse_scans(state);
  if (++state->ticks % CLOCK_TICKS == 0) check_clock(state);
}

// Leaves out what an image at an eighth of its size does not need.
static void open_source(
  jpeg_state *state, const uint8_t *bytes, size_t length, const ic_output *output) {
  if (output->shrink == 8) {
    if (ic_jpeg_scans_keep_dc(bytes, length, &state->kept) != IC_OK) {
      ic_say(state->message, "does not fit into memory");
      fail(state, IC_NO_MEMORY);
    }
    if (state->kept.scans > state->max_scans) refuse_scans(state);
  }
  const int whole = state->kept.bytes == NULL;
  jpeg_mem_src(
    &state->codec, whole ? bytes : state->kept.bytes,
    (unsigned long)(whole ? length : state->kept.length));
}

static void start(
  jpeg_state *state, const uint8_t *bytes, size_t length, const ic_limits *limits,
  const ic_output *output) {
  struct jpeg_decompress_struct *codec = &state->codec;
  codec->mem->max_memory_to_use = (long)limits->codec_bytes;
  codec->progress = &state->progress;
  state->progress.progress_monitor = on_progress;
  open_source(state, bytes, length, output);
  jpeg_read_header(codec, TRUE);
  // Smoothing would guess the coefficients that were left out.
  if (state->kept.bytes != NULL) codec->do_block_smoothing = FALSE;
  if (codec->image_width != (JDIMENSION)output->width ||
      codec->image_height != (JDIMENSION)output->height) {
    ic_say(state->message, "declares two different sizes");
    fail(state, IC_CORRUPT);
  }
  int components = codec->num_components;
  if (codec->data_precision != 8 || (components != 1 && components != 3 && components != 4)) {
    ic_say(
      state->message, "has %d components of %d bits", components, codec->data_precision);
    fail(state, IC_UNSUPPORTED);
  }
  state->blocks = ic_jpeg_blocks_install(codec);
  codec->out_color_space = components == 4 ? JCS_CMYK : JCS_RGB;
  codec->dct_method = JDCT_ISLOW;
  codec->do_fancy_upsampling = TRUE;
  codec->scale_num = 1;
  codec->scale_denom = output->shrink > 1 ? (unsigned)output->shrink : 1;
  jpeg_start_decompress(codec);
  if (state->blocks != NULL && ic_jpeg_smooths(codec))
    ic_jpeg_blocks_unpack_all(codec, state->blocks);
  state->placed = *output;
  state->placed.width = (int32_t)codec->output_width;
  state->placed.height = (int32_t)codec->output_height;
  // From here on the codec's own width is that of the part.
  state->part = ic_jpeg_part_choose(codec, output);
}

// Reads rows y... into `rows` as RGB and returns how many came.
static int read_rows(jpeg_state *state, uint8_t *rows, size_t row_bytes, int wanted) {
  struct jpeg_decompress_struct *codec = &state->codec;
  if (state->inks == NULL) {
    JSAMPROW pointers[IC_BAND_ROWS];
    for (int r = 0; r < wanted; r++) pointers[r] = rows + (size_t)r * row_bytes;
    return (int)jpeg_read_scanlines(codec, pointers, (JDIMENSION)wanted);
  }
  JSAMPROW inks = state->inks;
  int got = (int)jpeg_read_scanlines(codec, &inks, 1);
  if (got == 1) {
    for (JDIMENSION x = 0; x < codec->output_width; x++) {
      uint8_t cmyk[4];
      for (int c = 0; c < 4; c++) cmyk[c] = 255 - inks[x * 4 + (JDIMENSION)c];
      ic_cmyk_to_rgb(cmyk, rows + x * 3);
    }
  }
  return got;
}

// Passes over rows up to `to`, which is not the last one, in steps that leave time to look at the clock.
static void skip_rows(jpeg_state *state, ic_decoded *decoded, int to) {
  struct jpeg_decompress_struct *codec = &state->codec;
  while (decoded->rows < to) {
    const int left = to - decoded->rows, most = CLOCK_TICKS * state->part.block_rows;
    jpeg_skip_scanlines(codec, (JDIMENSION)(left < most ? left : most));
    decoded->rows = (int32_t)codec->output_scanline;
    check_clock(state);
  }
}

static void place_band(jpeg_state *state, ic_decoded *decoded) {
  const size_t row_bytes = (size_t)state->placed.width * 3;
  ic_place_rows(&state->placed, state->band, row_bytes, decoded->rows, state->filled);
  decoded->rows += state->filled;
  state->filled = 0;
}

// Reads rows up to `end` into the band or, where stored rows are rows of the output, in place.
static void read_rows_to(jpeg_state *state, ic_decoded *decoded, int end) {
  const ic_output *output = &state->placed;
  const size_t row_bytes = (size_t)output->width * 3;
  const int direct = ic_is_upright(output);
  while (decoded->rows < end) {
    int left = end - decoded->rows - state->filled;
    int wanted = IC_BAND_ROWS - state->filled < left ? IC_BAND_ROWS - state->filled : left;
    uint8_t *to =
      direct ? output->base + (size_t)decoded->rows * row_bytes
             : state->band + (size_t)state->filled * row_bytes + (size_t)state->part.x * 3;
    int got = read_rows(state, to, row_bytes, wanted);
    if (direct) {
      decoded->rows += got;
      continue;
    }
    state->filled += got;
    if (state->filled == IC_BAND_ROWS || decoded->rows + state->filled == end)
      place_band(state, decoded);
  }
}

static void read_image(jpeg_state *state, ic_decoded *decoded) {
  skip_rows(state, decoded, state->part.first_row);
  read_rows_to(state, decoded, state->part.end_row);
  // The last row is read, so that all data is seen.
  if (state->part.end_row < state->placed.height) {
    skip_rows(state, decoded, state->placed.height - 1);
    read_rows(state, state->band, (size_t)state->placed.width * 3, 1);
    decoded->rows++;
  }
}

// The first row of the blocks that the data ended in or broke at; 0 where scans go over the image several
// times.
static int32_t damaged_row(jpeg_state *state) {
  struct jpeg_decompress_struct *codec = &state->codec;
  if (state->part.block_rows == 0 || jpeg_has_multiple_scans(codec)) return 0;
  const int64_t row = (int64_t)codec->input_iMCU_row * state->part.block_rows;
  return (int32_t)(row < codec->image_height ? row : codec->image_height);
}

int ic_jpeg_decode(
  const uint8_t *bytes, size_t length, const ic_limits *limits, const ic_output *output,
  ic_decoded *decoded, char *message, size_t capacity) {
  ic_message said = {message, capacity};
  if (capacity > 0) message[0] = 0;
  memset(decoded, 0, sizeof *decoded);
  jpeg_state *state = calloc(1, sizeof *state);
  if (state == NULL) return IC_NO_MEMORY;
  state->message = &said;
  state->keep_partial = limits->keep_partial;
  state->max_scans = limits->max_scans;
  state->deadline = ic_thread_ns() + limits->cpu_ns;
  state->codec.err = jpeg_std_error(&state->errors);
  state->errors.error_exit = on_error;
  state->errors.emit_message = on_message;
  state->errors.output_message = stay_silent;
  if (setjmp(state->escape) == 0) {
    jpeg_create_decompress(&state->codec);
    start(state, bytes, length, limits, output);
    state->band = malloc((size_t)output->width * 3 * IC_BAND_ROWS);
    if (state->codec.out_color_space == JCS_CMYK)
      state->inks = malloc((size_t)output->width * 4);
    if (state->band == NULL || (state->codec.out_color_space == JCS_CMYK && !state->inks)) {
      ic_say(&said, "does not fit into memory");
      fail(state, IC_NO_MEMORY);
    }
    read_image(state, decoded);
    jpeg_finish_decompress(&state->codec);
    decoded->consumed = state->kept.bytes != NULL
      ? state->kept.consumed : length - state->codec.src->bytes_in_buffer;
  }
  int status = state->status;
  if (status != IC_OK && limits->keep_partial && state->filled > 0) place_band(state, decoded);
  if ((status == IC_CORRUPT || status == IC_TRUNCATED) && limits->keep_partial && decoded->rows > 0) {
    state->damaged = 1;
    status = IC_OK;
  }
  if (status == IC_CORRUPT || status == IC_TRUNCATED) decoded->rows = damaged_row(state);
  decoded->partial = state->damaged;
  jpeg_destroy_decompress(&state->codec);
  ic_jpeg_blocks_free(state->blocks);
  free(state->kept.bytes);
  free(state->band);
  free(state->inks);
  free(state);
  return status;
}
