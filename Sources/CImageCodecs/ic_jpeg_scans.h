#ifndef IC_JPEG_SCANS_H
#define IC_JPEG_SCANS_H

#include <stddef.h>
#include <stdint.h>

// A progressive JPEG without its scans of AC coefficients, of which an image at an eighth of its size
// shows nothing.
typedef struct {
  uint8_t *bytes;   // the caller frees them; NULL where the file is not progressive
  size_t length;
  size_t consumed;  // of the whole file, up to its end marker; 0 where there is none
  int scans;        // of the whole file
} ic_jpeg_scans;

// IC_OK or IC_NO_MEMORY. What else is wrong with the file is left for the decoder to find.
int ic_jpeg_scans_keep_dc(const uint8_t *bytes, size_t length, ic_jpeg_scans *kept);

#endif
