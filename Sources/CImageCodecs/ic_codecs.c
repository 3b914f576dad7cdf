#include "ic_codecs.h"
