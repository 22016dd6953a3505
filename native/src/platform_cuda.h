/* platform.h under nvcc. */
#pragma once

#include "launch_size.h"

#include <cuda_runtime.h>

/* Dynamic shared memory as an array of type, 16-byte aligned. */
#define CTN_SHARED(type, name)                                        \
    extern __shared__ __align__(16) unsigned char ctn_shared_bytes[]; \
    type *const name = reinterpret_cast<type *>(ctn_shared_bytes)

namespace ctn {

/* Starts a kernel on a one-dimensional grid. Arguments convert to the kernel's parameters. */
template <class... Parameters, class... Arguments>
ctn_status launch(const LaunchSize &size, Stream stream, void (*kernel)(Parameters...), Arguments... arguments)
{
    CTN_TRY(check(size));
    if (size.blocks == 0)
        return CTN_OK;

    /* More than 48 KB a block must be asked for. */
    if (size.shared_bytes > 48 * 1024) {
        const cudaError_t allowed = cudaFuncSetAttribute(
            reinterpret_cast<const void *>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize, (int)size.shared_bytes);
        if (allowed != cudaSuccess) {
            cudaGetLastError();
            return fail(CTN_UNSUPPORTED, "%s needs %zu bytes of shared memory a block: %s", size.name, size.shared_bytes,
                cudaGetErrorString(allowed));
        }
    }
    kernel<<<(unsigned)size.blocks, (unsigned)size.threads, size.shared_bytes, static_cast<cudaStream_t>(stream)>>>(arguments...);
    const cudaError_t error = cudaGetLastError();
    if (error == cudaSuccess)
        return CTN_OK;
    /* The first launch of a kernel loads it, into memory of the device. */
    const bool is_memory = error == cudaErrorMemoryAllocation;
    return fail(is_memory ? CTN_OUT_OF_MEMORY : CTN_DEVICE_ERROR, "%s did not start: %s", size.name, cudaGetErrorString(error));
}

}  // namespace ctn
