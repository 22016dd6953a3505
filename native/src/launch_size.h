/* Where a kernel is started, and how large. */
#pragma once

#include "runtime.h"

namespace ctn {

struct LaunchSize {
    const char *name;      /* of the kernel, for messages */
    int64_t blocks;        /* 0 starts nothing */
    int threads;           /* of a block: a multiple of 32 up to 1024 */
    size_t shared_bytes;   /* dynamic shared memory of a block */
};

inline ctn_status check(const LaunchSize &size)
{
    if (size.blocks < 0 || size.blocks > 0x7fffffff)
        return fail(CTN_INVALID_ARGUMENT, "%s needs %lld blocks; 2147483647 is the most", size.name, (long long)size.blocks);
    if (size.threads <= 0 || size.threads > 1024 || size.threads % 32 != 0)
        return fail(CTN_INVALID_ARGUMENT, "%s has %d threads a block; a multiple of 32 up to 1024 is allowed", size.name, size.threads);
    return CTN_OK;
}

}  // namespace ctn
