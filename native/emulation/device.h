/* What a kernel's source may use, on a CPU: see src/platform.h. One call of the kernel is one CUDA thread. */
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

struct uint2 { unsigned x, y; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };

namespace ctn::emulation {

struct Index { unsigned x; };

/* Where a CUDA thread stands. */
struct Place {
    Index thread, block, block_dim, grid_dim;
    void *shared;
};

/* Of the CUDA thread that runs on this OS thread. */
#if defined(__GNUC__)
__attribute__((tls_model("initial-exec")))
#endif
extern thread_local Place *here;

enum class WarpOperation : uint8_t { None, Shuffle, ShuffleXor, Ballot, Synchronize, Gather };

void synchronize_block();

/* Every lane gives a value and gets those of all 32 lanes, valid until the lane's next but one warp operation. */
const uint32_t *exchange_in_warp(WarpOperation operation, uint32_t mask, uint32_t value);

inline int lane() { return (int)(here->thread.x % 32); }

/* A value of 4 or 8 bytes of the lane that choose names. */
template <class T>
T from_lane(WarpOperation operation, uint32_t mask, T value, int source)
{
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "a shuffle moves 4 or 8 bytes");
    uint32_t words[sizeof(T) / 4];
    std::memcpy(words, &value, sizeof value);
    for (uint32_t &word : words)
        word = exchange_in_warp(operation, mask, word)[source & 31];
    std::memcpy(&value, words, sizeof value);
    return value;
}

}  // namespace ctn::emulation

#define threadIdx (ctn::emulation::here->thread)
#define blockIdx (ctn::emulation::here->block)
#define blockDim (ctn::emulation::here->block_dim)
#define gridDim (ctn::emulation::here->grid_dim)

/* Dynamic shared memory as an array of type. It is NaN when a block begins, and has a canary behind it. */
#define CTN_SHARED(type, name) type *const name = static_cast<type *>(ctn::emulation::here->shared)

using std::fabs;
using std::max;
using std::min;

inline void __syncthreads() { ctn::emulation::synchronize_block(); }

inline void __syncwarp(uint32_t mask = 0xffffffffu)
{
    ctn::emulation::exchange_in_warp(ctn::emulation::WarpOperation::Synchronize, mask, 0);
}

template <class T>
T __shfl_sync(uint32_t mask, T value, int lane)
{
    return ctn::emulation::from_lane(ctn::emulation::WarpOperation::Shuffle, mask, value, lane);
}

template <class T>
T __shfl_xor_sync(uint32_t mask, T value, int lanes)
{
    return ctn::emulation::from_lane(ctn::emulation::WarpOperation::ShuffleXor, mask, value, ctn::emulation::lane() ^ lanes);
}

inline uint32_t __ballot_sync(uint32_t mask, bool value)
{
    const uint32_t *values = ctn::emulation::exchange_in_warp(ctn::emulation::WarpOperation::Ballot, mask, value);
    uint32_t ballot = 0;
    for (int i = 0; i < 32; i++)
        ballot |= values[i] << i;
    return ballot;
}

inline float __uint_as_float(uint32_t bits)
{
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline uint32_t __float_as_uint(float value)
{
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline int atomicAdd(int *place, int value) { return __atomic_fetch_add(place, value, __ATOMIC_RELAXED); }

inline int atomicMax(int *place, int value)
{
    int old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (old < value && !__atomic_compare_exchange_n(place, &old, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return old;
}

inline float atomicAdd(float *place, float value)
{
    auto *bits = reinterpret_cast<uint32_t *>(place);
    uint32_t old = __atomic_load_n(bits, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(
        bits, &old, __float_as_uint(__uint_as_float(old) + value), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
    return __uint_as_float(old);
}

/* Sine and cosine of pi x. */
inline void sincospif(float x, float *sine, float *cosine)
{
    const double angle = 3.14159265358979323846 * (double)x;
    *sine = (float)std::sin(angle);
    *cosine = (float)std::cos(angle);
}
