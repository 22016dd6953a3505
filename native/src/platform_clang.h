/* platform.h for clang without any CUDA toolkit: declarations enough to compile the kernels down to PTX
 * (-x cuda --cuda-device-only -nocudainc -nocudalib). The result is for checking, never run: powf and sincospif are approximate. */
#pragma once

/* clang's own <new> wants it. */
#include <cstdlib>

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __align__(n) __attribute__((aligned(n)))

#include "launch_size.h"

#define CTN_SHARED(type, name)                                        \
    extern __shared__ __align__(16) unsigned char ctn_shared_bytes[]; \
    type *const name = reinterpret_cast<type *>(ctn_shared_bytes)

#define CTN_CLANG static __device__ __forceinline__

struct uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };

struct ThreadIndexX { __device__ operator unsigned() const { return __nvvm_read_ptx_sreg_tid_x(); } };
struct BlockIndexX { __device__ operator unsigned() const { return __nvvm_read_ptx_sreg_ctaid_x(); } };
struct BlockDimX { __device__ operator unsigned() const { return __nvvm_read_ptx_sreg_ntid_x(); } };
struct GridDimX { __device__ operator unsigned() const { return __nvvm_read_ptx_sreg_nctaid_x(); } };
template <class X> struct Axis { X x; };
static __device__ const Axis<ThreadIndexX> threadIdx{};
static __device__ const Axis<BlockIndexX> blockIdx{};
static __device__ const Axis<BlockDimX> blockDim{};
static __device__ const Axis<GridDimX> gridDim{};

CTN_CLANG float __uint_as_float(unsigned bits) { return __builtin_bit_cast(float, bits); }
CTN_CLANG unsigned __float_as_uint(float value) { return __builtin_bit_cast(unsigned, value); }
CTN_CLANG void __syncwarp(unsigned mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
CTN_CLANG float __shfl_xor_sync(unsigned mask, float value, int lanes) { return __nvvm_shfl_sync_bfly_f32(mask, value, lanes, 31); }
CTN_CLANG int __shfl_xor_sync(unsigned mask, int value, int lanes) { return __nvvm_shfl_sync_bfly_i32(mask, value, lanes, 31); }
CTN_CLANG unsigned __shfl_xor_sync(unsigned mask, unsigned value, int lanes) { return __nvvm_shfl_sync_bfly_i32(mask, (int)value, lanes, 31); }
CTN_CLANG float __shfl_sync(unsigned mask, float value, int lane) { return __nvvm_shfl_sync_idx_f32(mask, value, lane, 31); }
CTN_CLANG int __shfl_sync(unsigned mask, int value, int lane) { return __nvvm_shfl_sync_idx_i32(mask, value, lane, 31); }
CTN_CLANG unsigned __shfl_sync(unsigned mask, unsigned value, int lane) { return __nvvm_shfl_sync_idx_i32(mask, (int)value, lane, 31); }
CTN_CLANG unsigned long __shfl_xor_sync(unsigned mask, unsigned long value, int lanes)
{
    const unsigned low = __shfl_xor_sync(mask, (unsigned)value, lanes), high = __shfl_xor_sync(mask, (unsigned)(value >> 32), lanes);
    return low | (unsigned long)high << 32;
}
CTN_CLANG unsigned long __shfl_sync(unsigned mask, unsigned long value, int lane)
{
    const unsigned low = __shfl_sync(mask, (unsigned)value, lane), high = __shfl_sync(mask, (unsigned)(value >> 32), lane);
    return low | (unsigned long)high << 32;
}
CTN_CLANG double __shfl_xor_sync(unsigned mask, double value, int lanes)
{
    return __builtin_bit_cast(double, __shfl_xor_sync(mask, __builtin_bit_cast(unsigned long, value), lanes));
}
CTN_CLANG double __shfl_sync(unsigned mask, double value, int lane)
{
    return __builtin_bit_cast(double, __shfl_sync(mask, __builtin_bit_cast(unsigned long, value), lane));
}
CTN_CLANG unsigned __ballot_sync(unsigned mask, bool value) { return __nvvm_vote_ballot_sync(mask, value); }
CTN_CLANG int atomicAdd(int *place, int value) { return __nvvm_atom_add_gen_i(place, value); }
CTN_CLANG float atomicAdd(float *place, float value) { return __nvvm_atom_add_gen_f(place, value); }
CTN_CLANG int atomicMax(int *place, int value) { return __nvvm_atom_max_gen_i(place, value); }

CTN_CLANG float fmaf(float a, float b, float c) { return __nvvm_fma_rn_f(a, b, c); }
CTN_CLANG double fma(double a, double b, double c) { return __nvvm_fma_rn_d(a, b, c); }
CTN_CLANG float fmaxf(float a, float b) { return __nvvm_fmax_f(a, b); }
CTN_CLANG float fminf(float a, float b) { return __nvvm_fmin_f(a, b); }
CTN_CLANG float fabsf(float a) { return __nvvm_fabs_f(a); }
CTN_CLANG float sqrtf(float a) { return __nvvm_sqrt_rn_f(a); }
CTN_CLANG float expf(float a) { return __nvvm_ex2_approx_f(a * 1.44269504f); }
CTN_CLANG float tanhf(float a) { const float e = expf(2.0f * a); return (e - 1.0f) / (e + 1.0f); }
CTN_CLANG float powf(float a, float b) { return __nvvm_ex2_approx_f(b * __nvvm_lg2_approx_f(a)); }
CTN_CLANG double exp(double a) { return expf((float)a); }
CTN_CLANG void sincospif(float x, float *sine, float *cosine)
{
    *sine = __nvvm_sin_approx_f(3.14159265f * x);
    *cosine = __nvvm_cos_approx_f(3.14159265f * x);
}
CTN_CLANG int min(int a, int b) { return a < b ? a : b; }
CTN_CLANG int max(int a, int b) { return a > b ? a : b; }

#undef CTN_CLANG

namespace ctn {

/* Instantiates the kernel, which is all that the check wants. */
template <class... Parameters, class... Arguments>
ctn_status launch(const LaunchSize &size, Stream, void (*kernel)(Parameters...), Arguments...)
{
    return kernel ? check(size) : CTN_UNSUPPORTED;
}

}  // namespace ctn
