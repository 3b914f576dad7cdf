#include "ic_platform.h"
