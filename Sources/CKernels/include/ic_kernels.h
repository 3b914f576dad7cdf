#ifndef IC_KERNELS_H
#define IC_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#endif
