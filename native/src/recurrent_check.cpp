#include "runtime.h"

namespace ctn {

namespace {

bool is_aligned(const void *pointer, size_t bytes)
{
    return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

/* Its tile is read and written 16 bytes at a time. */
bool has_tuned_tile(const ctn_recurrent &launch)
{
    return launch.head_dim == 64 || launch.head_dim == 128;
}

ctn_status check_sizes(const ctn_recurrent &launch)
{
    if (launch.rows < 0)
        return fail(CTN_INVALID_ARGUMENT, "rows is %d; 0 or more is allowed", launch.rows);
    if (launch.heads < 1)
        return fail(CTN_INVALID_ARGUMENT, "heads is %d; 1 or more is allowed", launch.heads);
    if (launch.head_dim < 2 || launch.head_dim > 256 || launch.head_dim % 2 != 0)
        return fail(CTN_UNSUPPORTED, "head_dim is %d; an even number from 2 to 256 is served", launch.head_dim);
    if (launch.rotary_dim < 0 || launch.rotary_dim > launch.head_dim || launch.rotary_dim % 2 != 0)
        return fail(CTN_INVALID_ARGUMENT, "rotary_dim is %d; an even number from 0 to head_dim, %d, is allowed", launch.rotary_dim,
            launch.head_dim);
    if (launch.dtype != CTN_F32 && launch.dtype != CTN_BF16)
        return fail(CTN_UNSUPPORTED, "dtype is %d; %d (f32) or %d (bf16) is served", launch.dtype, CTN_F32, CTN_BF16);
    if (launch.state_dtype != CTN_F32 && launch.state_dtype != CTN_F16)
        return fail(CTN_UNSUPPORTED, "state_dtype is %d; %d (f32) or %d (f16) is served", launch.state_dtype, CTN_F32, CTN_F16);
    if (launch.max_row_tokens < 0)
        return fail(CTN_INVALID_ARGUMENT, "max_row_tokens is %d; 0 or more is allowed", launch.max_row_tokens);
    /* The smallest tile has 8 rows. */
    const int64_t most_heads = 0x7fffffff / ((launch.head_dim + 7) / 8);
    if ((int64_t)launch.rows * launch.heads > most_heads)
        return fail(CTN_INVALID_ARGUMENT, "%d rows of %d heads are too many for one launch; %lld heads in all are allowed", launch.rows,
            launch.heads, (long long)most_heads);
    return CTN_OK;
}

ctn_status check_pointers(const ctn_recurrent &launch)
{
    const struct {
        const void *pointer;
        const char *name;
    } needed[] = {{launch.qkv, "qkv"}, {launch.o, "o"}, {launch.slot, "slot"}, {launch.position, "position"}, {launch.sigma, "sigma"},
        {launch.state, "state"}};
    for (const auto &one : needed)
        if (one.pointer == nullptr)
            return fail(CTN_INVALID_ARGUMENT, "%s is null", one.name);
    if (launch.rotary_dim != 0 && launch.turns == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "turns is null with rotary_dim %d", launch.rotary_dim);

    const size_t pair_bytes = launch.dtype == CTN_F32 ? 8 : 4;
    if (!is_aligned(launch.qkv, pair_bytes))
        return fail(CTN_INVALID_ARGUMENT, "qkv is not aligned to %zu bytes, two elements", pair_bytes);
    if (!is_aligned(launch.o, pair_bytes / 2))
        return fail(CTN_INVALID_ARGUMENT, "o is not aligned to its elements of %zu bytes", pair_bytes / 2);
    const size_t state_bytes = has_tuned_tile(launch) ? 16 : launch.state_dtype == CTN_F32 ? 4 : 2;
    if (!is_aligned(launch.state, state_bytes))
        return fail(CTN_INVALID_ARGUMENT, "state is not aligned to %zu bytes", state_bytes);
    return CTN_OK;
}

ctn_status check_strides(const ctn_recurrent &launch)
{
    const int64_t width = (int64_t)launch.heads * launch.head_dim;
    const struct {
        int64_t offset;
        const char *name;
    } offsets[] = {{launch.q_offset, "q_offset"}, {launch.k_offset, "k_offset"}, {launch.v_offset, "v_offset"}};
    for (const auto &one : offsets)
        if (one.offset < 0 || one.offset % 2 != 0 || one.offset > launch.row_stride - width)
            return fail(CTN_INVALID_ARGUMENT, "%s is %lld; an even number from 0 to row_stride - heads * head_dim, %lld, is allowed", one.name,
                (long long)one.offset, (long long)(launch.row_stride - width));
    if (launch.row_stride % 2 != 0)
        return fail(CTN_INVALID_ARGUMENT, "row_stride is %lld; an even number is allowed", (long long)launch.row_stride);
    if (launch.o_stride < width)
        return fail(CTN_INVALID_ARGUMENT, "o_stride is %lld; heads * head_dim, %lld, or more is allowed", (long long)launch.o_stride,
            (long long)width);

    const int64_t head = (int64_t)launch.head_dim * launch.head_dim;
    if (launch.head_stride < head || launch.slot_stride < head)
        return fail(CTN_INVALID_ARGUMENT, "slot_stride is %lld and head_stride %lld; head_dim squared, %lld, or more is allowed",
            (long long)launch.slot_stride, (long long)launch.head_stride, (long long)head);
    const int in_access = launch.state_dtype == CTN_F32 ? 4 : 8;
    if (has_tuned_tile(launch) && (launch.head_stride % in_access != 0 || launch.slot_stride % in_access != 0))
        return fail(CTN_INVALID_ARGUMENT, "slot_stride is %lld and head_stride %lld; multiples of %d, 16 bytes, are allowed",
            (long long)launch.slot_stride, (long long)launch.head_stride, in_access);
    return CTN_OK;
}

}  // namespace

ctn_status check_recurrent(const ctn_recurrent *launch)
{
    if (launch == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "launch is null");
    if (launch->struct_size != (int32_t)sizeof(ctn_recurrent))
        return fail(CTN_INVALID_ARGUMENT, "struct_size of ctn_recurrent is %d; this library's is %zu", launch->struct_size,
            sizeof(ctn_recurrent));
    CTN_TRY(check_sizes(*launch));
    if (launch->rows == 0)
        return CTN_OK;
    CTN_TRY(check_pointers(*launch));
    return check_strides(*launch);
}

}  // namespace ctn
