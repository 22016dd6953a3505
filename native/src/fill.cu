#include "fill.h"

#include "vectors.h"

#include <cstring>

namespace ctn {

namespace {

constexpr int threads = 256;

__global__ void fill_kernel(Words4 *groups, int64_t count, Words4 value)
{
    const int64_t i = (int64_t)blockIdx.x * threads + threadIdx.x;
    if (i < count)
        store(groups + i, value);
}

/* f16 towards zero; exact for 0 and NaN, which is what states are filled with. */
__global__ void fill_halves_kernel(Words4 *groups, int64_t count, float value, bool is_bf16)
{
    const int64_t i = (int64_t)blockIdx.x * threads + threadIdx.x;
    const uint32_t half = is_bf16 ? to_bf16(value) : to_f16_toward_zero(value);
    const uint32_t pair = half | half << 16;
    if (i < count)
        store(groups + i, Words4{{pair, pair, pair, pair}});
}

}  // namespace

ctn_status fill(void *elements, int64_t count, ctn_dtype dtype, float value, Stream stream)
{
    const int in_group = dtype == CTN_F32 ? 4 : 8;
    if (count < 0 || count % in_group != 0)
        return fail(CTN_INVALID_ARGUMENT, "%lld elements cannot be filled; a multiple of %d is allowed", (long long)count, in_group);
    auto *const groups = static_cast<Words4 *>(elements);
    const int64_t group_count = count / in_group;
    const LaunchSize size = {"fill", (group_count + threads - 1) / threads, threads, 0};
    if (dtype != CTN_F32)
        return launch(size, stream, fill_halves_kernel, groups, group_count, value, dtype == CTN_BF16);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return launch(size, stream, fill_kernel, groups, group_count, Words4{{bits, bits, bits, bits}});
}

}  // namespace ctn
