#ifndef IC_CODECS_H
#define IC_CODECS_H

#include <stddef.h>
#include <stdint.h>

#endif
