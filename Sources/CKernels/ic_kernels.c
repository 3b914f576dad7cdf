#include "ic_kernels.h"
