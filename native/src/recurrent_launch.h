/* Host side of the recurrent kernels: the arguments' check, and the choice of tile and types. */
#pragma once

#include "recurrent_tokens.h"

namespace ctn {

/* What every kernel of the recurrence demands of its arguments; rows = 0 is allowed. */
ctn_status check_recurrent(const ctn_recurrent *launch);

/* Blocks of a launch with tiles of so many rows. check_recurrent has seen that they are few enough. */
inline int64_t block_count(const ctn_recurrent &launch, int tile_rows)
{
    return (int64_t)launch.rows * launch.heads * ((launch.head_dim + tile_rows - 1) / tile_rows);
}

/* Enough blocks to fill the device with a few each: then tiles are large, which makes q, k and v ready less often; otherwise
 * small ones put more of the device to work. */
inline bool has_much_work(const ctn_recurrent &launch, int tile_rows)
{
    return block_count(launch, tile_rows) >= (int64_t)4 * multiprocessor_count();
}

/* A thread of a large tile holds 32 elements of the state, one of a small tile 8. */
template <class Kernel, class State, class Rows>
ctn_status start_for_dim(const ctn_recurrent &launch, Stream stream)
{
    if (launch.head_dim == 64)
        return has_much_work(launch, 64) ? Kernel::template start<TunedTile<64, State, 64>, Rows>(launch, stream)
                                         : Kernel::template start<TunedTile<64, State, 16>, Rows>(launch, stream);
    if (launch.head_dim == 128)
        return has_much_work(launch, 32) ? Kernel::template start<TunedTile<128, State, 32>, Rows>(launch, stream)
                                         : Kernel::template start<TunedTile<128, State, 8>, Rows>(launch, stream);
    return Kernel::template start<AnyTile<State>, Rows>(launch, stream);
}

/* Kernel::start<Tile, Rows>(launch, stream) for the launch's types and size. */
template <class Kernel>
ctn_status start_kernel(const ctn_recurrent &launch, Stream stream)
{
    if (launch.state_dtype == CTN_F32)
        return launch.dtype == CTN_F32 ? start_for_dim<Kernel, StateF32, RowsF32>(launch, stream)
                                       : start_for_dim<Kernel, StateF32, RowsBf16>(launch, stream);
    return launch.dtype == CTN_F32 ? start_for_dim<Kernel, StateF16, RowsF32>(launch, stream)
                                   : start_for_dim<Kernel, StateF16, RowsBf16>(launch, stream);
}

}  // namespace ctn
