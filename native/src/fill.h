/* Setting every element of states. */
#pragma once

#include "runtime.h"

namespace ctn {

/* Sets count elements of dtype, 16-byte aligned, to value. count is a multiple of 16 bytes' elements. */
ctn_status fill(void *elements, int64_t count, ctn_dtype dtype, float value, Stream stream);

}  // namespace ctn
