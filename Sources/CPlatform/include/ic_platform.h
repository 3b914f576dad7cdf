#ifndef IC_PLATFORM_H
#define IC_PLATFORM_H

#include <stddef.h>
#include <stdint.h>

#endif
