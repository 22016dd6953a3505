/* The one header that lets a kernel's source compile under nvcc, under the emulation of thread blocks (CTN_EMULATION) and under
 * clang alone for a check down to PTX (CTN_DEVICE_ONLY).
 *
 * A kernel is an ordinary __global__ function that uses only what all three know: threadIdx, blockIdx, blockDim, gridDim,
 * __syncthreads, __syncwarp, __shfl_sync, __shfl_xor_sync, __ballot_sync, atomicAdd, atomicMax, fmaf and friends, and
 * CTN_SHARED for its dynamic shared memory (static __shared__ arrays are not emulated). It is started by ctn::launch. Blocks have
 * a multiple of 32 threads; every thread of a block reaches every barrier, and every lane of a warp every warp operation. */
#pragma once

#if defined(CTN_EMULATION)
#include "../emulation/device.h"
#include "../emulation/launch.h"
#elif defined(CTN_DEVICE_ONLY)
#include "platform_clang.h"
#else
#include "platform_cuda.h"
#endif

#define CTN_DEVICE static __device__ __forceinline__

/* All lanes of a warp. */
#define CTN_WARP 0xffffffffu
