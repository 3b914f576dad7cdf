#ifndef IC_PLATFORM_H
#define IC_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

// Whether a text occurs in `count` bytes.
int ic_contains(const void *bytes, size_t count, const char *text);

#endif
