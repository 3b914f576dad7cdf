#ifndef IC_CODECS_H
#define IC_CODECS_H

#include <stddef.h>
#include <stdint.h>

// Status of every entry. Anything but IC_OK comes with a message.
enum {
  IC_OK = 0,
  IC_CORRUPT = 1,      // the bytes break the format's rules
  IC_NO_MEMORY = 2,    // the codec needs more than `codec_bytes`, or malloc failed
  IC_DEADLINE = 3,     // `cpu_ns` of thread time are used up
  IC_SCAN_LIMIT = 4,   // a progressive JPEG has more than `max_scans` scans
  IC_UNSUPPORTED = 5,  // a variant of the format outside the written rules
  IC_TRUNCATED = 6,    // the bytes end early
};

// What a decoder may spend; all fields are required.
typedef struct {
  int64_t codec_bytes;  // memory of the codec beside the output
  int64_t cpu_ns;       // CPU time of this thread, counted from the call
  int32_t max_side;
  int32_t max_scans;
  int32_t keep_partial;  // keep what was decoded: the call succeeds with `partial` set
} ic_limits;

// Takes `count` whole rows of packed RGB pixels, the first of them row `y`. Rows come in order, each
// once, those of the window at least; outside its columns the pixels may be anything. The memory is the
// decoder's.
typedef void (*ic_row_sink)(
  void *context, const uint8_t *rows, size_t row_bytes, int32_t y, int32_t count);

// The stored pixels that are needed.
typedef struct {
  int32_t x;
  int32_t y;
  int32_t width;
  int32_t height;
} ic_window;

// Where the 8-bit RGB pixels go: stored pixel (x, y) is written at base + x*x_step + y*y_step, or,
// with a sink, row after row to it.
typedef struct {
  uint8_t *base;
  ptrdiff_t x_step;
  ptrdiff_t y_step;
  int32_t width;   // stored size, which the file must agree with
  int32_t height;
  int32_t shrink;  // of a JPEG: 2, 4 or 8 give that fraction of the size, rounded up; else 1
  ic_row_sink sink;
  void *context;
  ic_window window;  // with a sink: inside the stored size
} ic_output;

typedef struct {
  int32_t rows;      // rows written
  int32_t partial;   // damage was tolerated under keep_partial
  size_t consumed;   // bytes of the file that were read; 0 where the codec cannot tell
} ic_decoded;

int ic_jpeg_decode(
  const uint8_t *bytes, size_t length, const ic_limits *limits, const ic_output *output,
  ic_decoded *decoded, char *message, size_t capacity);

int ic_png_decode(
  const uint8_t *bytes, size_t length, const ic_limits *limits, const ic_output *output,
  ic_decoded *decoded, char *message, size_t capacity);

// The layout read from the directory beforehand; libtiff must see the same one.
typedef struct {
  int32_t directory;  // 0-based position in the chain of directories
  int32_t bits;       // per sample: 1, 2, 4, 8 or 16, unsigned
  int32_t samples;    // per pixel: 1...5
  int32_t compression;
  int32_t photometric;
  int32_t planar;         // 1 contiguous, 2 separate
  int32_t premultiplied;  // RGB holds alpha-multiplied values in its first extra sample
  const uint8_t *palette;  // 256 RGB entries; only for photometric 3
} ic_tiff_layout;

int ic_tiff_decode(
  const uint8_t *bytes, size_t length, const ic_limits *limits, const ic_tiff_layout *layout,
  const ic_output *output, ic_decoded *decoded, char *message, size_t capacity);

// Copies `count` rows of packed RGB pixels, the first of them row `y`, to their place.
void ic_place_rows(
  const ic_output *output, const uint8_t *rows, size_t row_bytes, int32_t y, int32_t count);

// The taps of one axis in fixed point with 22 fractional bits. `coefficients` holds `stride`
// values per output position, zero behind the `count[i]` that start at input position `first[i]`.
// stride is a multiple of 4.
typedef struct {
  const int32_t *first;
  const int32_t *count;
  const int32_t *coefficients;
  int32_t stride;
  int32_t length;
  const uint8_t *groups;  // from `ic_group_taps`, or NULL
} ic_taps;

// Instruction sets; every one gives the same bytes. IC_LEVEL_VBMI is AVX-512 with VBMI, VBMI2, VNNI
// and VPCLMULQDQ.
enum { IC_LEVEL_GENERIC = 0, IC_LEVEL_AVX2 = 1, IC_LEVEL_AVX512 = 2, IC_LEVEL_VBMI = 3 };

// The best instruction set of this machine.
int ic_best_level(void);

// The room that `ic_group_taps` takes; 0 where it does not help.
size_t ic_group_room(const ic_taps *taps, int level);

// Lays the taps out as resampling RGB rows wants them, for IC_LEVEL_VBMI, in `room` bytes, which are
// best aligned to 64.
void ic_group_taps(const ic_taps *taps, uint8_t *groups, size_t room);

// Resamples rows of 8-bit pixels along x. The memory behind the last input row must be readable
// for 64 bytes more. Rows lie `in_stride` and `out_stride` bytes apart; channels is 1 or 3.
void ic_resample_rows(
  const uint8_t *in, ptrdiff_t in_stride, uint8_t *out, ptrdiff_t out_stride, int32_t rows,
  int32_t channels, const ic_taps *taps, int level);

// Resamples along y: output row i is made from input rows taps->first[i] - first_row and on.
void ic_resample_columns(
  const uint8_t *in, ptrdiff_t in_stride, int32_t first_row, uint8_t *out, ptrdiff_t out_stride,
  int32_t row_bytes, const ic_taps *taps, int level);

enum { IC_PNG_GRAY = 0, IC_PNG_RGB = 1, IC_PNG_INDEXED = 2, IC_PNG_RGBA = 3 };

// An 8-bit PNG to be written.
typedef struct {
  int32_t kind;
  int32_t width;
  int32_t height;
  int32_t filter;          // of every row: 0 none, 1 sub, 2 up, 3 average, 4 Paeth
  const uint8_t *palette;  // R, G, B per colour, for indexed images
  int32_t colours;
  const uint8_t *alpha;  // of the first `alphas` colours
  int32_t alphas;
  int32_t level;
} ic_png_image;

typedef struct ic_png_writer ic_png_writer;

// NULL without memory.
ic_png_writer *ic_png_begin(const ic_png_image *image);

// Appends rows, `stride` bytes apart.
int ic_png_rows(ic_png_writer *writer, const uint8_t *rows, ptrdiff_t stride, int32_t count);

// Ends the file once all rows are there; the bytes live as long as the writer.
int ic_png_finish(ic_png_writer *writer, const uint8_t **bytes, size_t *length);

void ic_png_free(ic_png_writer *writer);

// Interpolates a row of heat between grid columns and scales it from 0...1 to levels 0...254.
// Pixels starts[s]..<starts[s+1] lie between line[s] and line[s + 1], weights[x] of the way.
void ic_heat_levels(
  const float *line, const int32_t *starts, int32_t segments, const float *weights,
  uint8_t *levels, int level);

enum { IC_HEAT_TABLE = 1792 };

// Fills a table of IC_HEAT_TABLE entries for `ic_heat_blend`: of R, G, B of each of at most 256
// levels `share` / 256.
void ic_heat_colours(const uint8_t *colours, int32_t count, uint32_t share, uint16_t *table);

// Mixes colours into a photo: out = (photo * keep + colour * (256 - keep) + 128) / 256.
void ic_heat_blend(
  const uint8_t *photo, const uint8_t *levels, const uint16_t *table, uint32_t keep,
  int32_t count, uint8_t *out, int level);

// Half the luminance of a photo, for what the model did not see.
void ic_heat_dim(const uint8_t *photo, int32_t count, uint8_t *out, int level);

// One channel of an 8-bit image without gaps; `channels` is 1 or 3.
typedef struct {
  const uint8_t *pixels;
  int32_t width;
  int32_t height;
  int32_t channels;
  int32_t channel;
} ic_channel;

// Writes table[v], 256 values, for each value v of a channel. Rows and pixels lie `row_stride` and
// `pixel_stride` floats apart.
void ic_normalize(
  const ic_channel *from, const float *table, float *to, ptrdiff_t row_stride,
  ptrdiff_t pixel_stride, int level);

// Writes the libraries with their versions, a line each.
void ic_codec_versions(char *text, size_t capacity);

#endif
