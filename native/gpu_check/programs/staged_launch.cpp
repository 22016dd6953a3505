#include "staged_launch.h"

#include <algorithm>
#include <cstdint>

namespace gpu_check {

namespace {

/* A device pointer is aligned as the host's was, so that the library refuses the one where it refuses the other. */
constexpr size_t alignment = 256;

bool is_between(int64_t value, int64_t least, int64_t most)
{
    return value >= least && value <= most;
}

}  // namespace

LaunchExtent::LaunchExtent(const ctn_recurrent &launch)
{
    const int64_t tokens = launch.token_begin != nullptr ? launch.token_begin[launch.rows] : launch.rows;
    const int64_t last_slot = *std::max_element(launch.slot, launch.slot + launch.rows);
    const int64_t last_head = launch.heads - 1;
    const int64_t dim = launch.head_dim;
    qkv = (size_t)(tokens * launch.row_stride) * bytes_of(launch.dtype);
    o = (size_t)(tokens * launch.o_stride) * bytes_of(launch.dtype);
    state = tail = 0;
    if (last_slot < 0)
        return;
    state = (size_t)(last_slot * launch.slot_stride + last_head * launch.head_stride + dim * dim) * bytes_of(launch.state_dtype);
    if (launch.tail != nullptr)
        tail = (size_t)(last_slot * launch.tail_slot_stride + last_head * launch.tail_head_stride + launch.tail_capacity * 2 * dim) *
            bytes_of(launch.dtype);
}

bool is_plausible(const ctn_recurrent &launch)
{
    constexpr int64_t most_stride = 1 << 26;
    const bool has_sizes = launch.struct_size == (int32_t)sizeof launch && is_between(launch.rows, 1, 1 << 16) &&
        is_between(launch.heads, 1, 1 << 10) && is_between(launch.head_dim, 2, 256) && is_between(launch.rotary_dim, 0, launch.head_dim) &&
        is_between(launch.dtype, CTN_F32, CTN_BF16) && (launch.state_dtype == CTN_F32 || launch.state_dtype == CTN_F16) &&
        is_between(launch.tail_capacity, 0, 64);
    const bool has_strides = is_between(launch.row_stride, 0, most_stride) && is_between(launch.o_stride, 0, most_stride) &&
        is_between(launch.slot_stride, 0, most_stride) && is_between(launch.head_stride, 0, most_stride) &&
        is_between(launch.tail_slot_stride, 0, most_stride) && is_between(launch.tail_head_stride, 0, most_stride);
    const bool has_arrays = launch.qkv != nullptr && launch.o != nullptr && launch.slot != nullptr && launch.position != nullptr &&
        launch.sigma != nullptr && launch.state != nullptr && (launch.turns != nullptr || launch.rotary_dim == 0);
    return has_sizes && has_strides && has_arrays;
}

StagedLaunch::StagedLaunch(const ctn_recurrent &host) : host_(host), extent_(host), device_(host)
{
    const auto rows = (size_t)host.rows;
    device_.qkv = stage(host.qkv, extent_.qkv);
    device_.o = stage(host.o, extent_.o);
    device_.slot = (int32_t *)stage(host.slot, rows * sizeof(int32_t));
    device_.token_begin = (int32_t *)stage(host.token_begin, (rows + 1) * sizeof(int32_t));
    device_.position = (int64_t *)stage(host.position, rows * sizeof(int64_t));
    device_.sigma = (float *)stage(host.sigma, (size_t)host.heads * sizeof(float));
    device_.turns = (uint64_t *)stage(host.turns, (size_t)(host.rotary_dim / 2) * sizeof(uint64_t));
    device_.state = stage(host.state, extent_.state);
    device_.tail = stage(host.tail, extent_.tail);
    device_.tail_length = (int32_t *)stage(host.tail_length, rows * sizeof(int32_t));
    device_.fold = (int32_t *)stage(host.fold, rows * sizeof(int32_t));
}

void *StagedLaunch::stage(const void *host, size_t bytes)
{
    if (host == nullptr)
        return nullptr;
    arrays_.emplace_back(bytes + alignment);
    char *const place = arrays_.back().at(reinterpret_cast<uintptr_t>(host) % alignment);
    upload(place, host, bytes);
    return place;
}

void StagedLaunch::bring_back() const
{
    download(host_.o, device_.o, extent_.o);
    download(host_.state, device_.state, extent_.state);
    if (host_.tail != nullptr)
        download(host_.tail, device_.tail, extent_.tail);
}

}  // namespace gpu_check
