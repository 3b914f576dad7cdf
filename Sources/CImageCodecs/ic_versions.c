#include "ic_codecs.h"

#include <png.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

#include <jpeglib.h>

#define QUOTED_(x) #x
#define QUOTED(x) QUOTED_(x)

void ic_codec_versions(char *text, size_t capacity) {
  // "LIBTIFF, Version 4.5.0\nCopyright…": the second word of the first line counts.
  const char *tiff = strstr(TIFFGetVersion(), "Version ");
  tiff = tiff == NULL ? "" : tiff + strlen("Version ");
  snprintf(
    text, capacity, "libjpeg-turbo %s\nlibpng %s\nlibtiff %.*s", QUOTED(LIBJPEG_TURBO_VERSION),
    png_get_libpng_ver(NULL), (int)strcspn(tiff, "\n"), tiff);
}
