#define _GNU_SOURCE
#include "ic_platform.h"

#include <string.h>

int ic_contains(const void *bytes, size_t count, const char *text) {
  return memmem(bytes, count, text, strlen(text)) != NULL;
}
