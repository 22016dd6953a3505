/* ctn_tail: the newest tokens' k and v wait in a ring, so that a state is read each step and written once in many.
 *
 * Block = a tile of one head of one row:
 *   1. send for the state tile
 *   2. meanwhile bring the tail's entries and the new tokens to shared memory
 *   3. replay the entries on the tile, in the order of positions; where the row folds, write the tile
 *   4. for each new token: update the tile, read out; append its k and v to the ring
 *
 * The replay takes the steps that ctn_fused_recurrent took, or would have taken, so every output and every written state has the
 * bits of ctn_fused_recurrent, wherever tokens were split and states written. (A dot product of q with the entries would need less
 * arithmetic, and round otherwise; what costs here is reading the state.) */
#include "recurrent_launch.h"
#include "recurrent_ring.h"

namespace ctn {

namespace {

constexpr int most_entries = 32;

template <class Tile, class Rows>
__global__ void __launch_bounds__(recurrent_threads, Tile::blocks_a_multiprocessor) tail_kernel(const ctn_recurrent launch)
{
    CTN_SHARED(float, shared);
    const Work work = work_of_block<Tile>(launch);
    const int entries = launch.tail_length[work.row];
    const bool folds = launch.fold[work.row] != 0 && entries > 0;
    /* What would not fit shared memory is left alone like padding. */
    if (work.slot < 0 || work.tokens < 0 || entries < 0 || work.tokens > tokens_at_a_time || entries + work.tokens > launch.tail_capacity)
        return;
    if (work.tokens == 0 && !folds)
        return;

    Tile tile(work.tile, launch.head_dim);
    tile.load(state_of<Tile>(launch, work));

    const int dim = Tile::dim(launch.head_dim);
    float *const q = shared;
    float *const k = q + tokens_at_a_time * dim;
    float *const v = k + launch.tail_capacity * dim;
    const Ring<Tile, Rows> ring(launch, work);
    ring.fetch(work.position - entries, entries, k, v);
    const ReadyTokens fresh = {q, k + entries * dim, v + entries * Tile::rows};
    prepare<Tile, Rows>(launch, work, 0, work.tokens, fresh);
    __syncthreads();

    tile.begin();
#pragma unroll 1
    for (int i = 0; i < entries; i++)
        tile.update(k + i * dim, v + i * Tile::rows);
    if (folds)
        tile.write(rounding_key(launch.rounding_seed, work.head, work.position));
#pragma unroll 1
    for (int i = 0; i < work.tokens; i++) {
        tile.update(fresh.k + i * dim, fresh.v + i * Tile::rows);
        tile.template read_out<Rows>(q + i * dim, output_of<Rows>(launch, work, i, dim));
    }
    ring.append(work.position, work.tokens, fresh.k, fresh.v);
}

struct Tail {
    template <class Tile, class Rows>
    static ctn_status start(const ctn_recurrent &launch, Stream stream)
    {
        const auto dim = (size_t)launch.head_dim;
        const size_t floats = tokens_at_a_time * dim + (size_t)launch.tail_capacity * (dim + Tile::rows);
        const LaunchSize size = {"ctn_tail", block_count(launch, Tile::rows), recurrent_threads, floats * sizeof(float)};
        return ctn::launch(size, stream, tail_kernel<Tile, Rows>, launch);
    }
};

ctn_status check_tail(const ctn_recurrent &launch)
{
    if (launch.max_row_tokens > tokens_at_a_time)
        return fail(CTN_INVALID_ARGUMENT, "max_row_tokens is %d; 0 to %d is allowed with a tail", launch.max_row_tokens, tokens_at_a_time);
    const int capacity = launch.tail_capacity;
    if (capacity < 1 || capacity > most_entries || (capacity & (capacity - 1)) != 0)
        return fail(CTN_INVALID_ARGUMENT, "tail_capacity is %d; a power of two up to %d is allowed", capacity, most_entries);
    if (launch.max_row_tokens > capacity)
        return fail(CTN_INVALID_ARGUMENT, "max_row_tokens is %d with room for %d in the tail", launch.max_row_tokens, capacity);
    if (launch.rows == 0)
        return CTN_OK;
    if (launch.tail == nullptr || launch.tail_length == nullptr || launch.fold == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "%s is null",
            launch.tail == nullptr ? "tail" : launch.tail_length == nullptr ? "tail_length" : "fold");
    const size_t pair_bytes = launch.dtype == CTN_F32 ? 8 : 4;
    if (reinterpret_cast<uintptr_t>(launch.tail) % pair_bytes != 0)
        return fail(CTN_INVALID_ARGUMENT, "tail is not aligned to %zu bytes, two elements", pair_bytes);
    const int64_t head = (int64_t)capacity * 2 * launch.head_dim;
    if (launch.tail_head_stride < head || launch.tail_slot_stride < head || launch.tail_head_stride % 2 != 0
        || launch.tail_slot_stride % 2 != 0)
        return fail(CTN_INVALID_ARGUMENT, "tail_slot_stride is %lld and tail_head_stride %lld; even numbers from %lld on are allowed",
            (long long)launch.tail_slot_stride, (long long)launch.tail_head_stride, (long long)head);
    return CTN_OK;
}

}  // namespace

}  // namespace ctn

extern "C" ctn_status ctn_tail(const ctn_recurrent *launch, void *stream)
{
    return ctn::guarded([&] {
        CTN_TRY(ctn::check_recurrent(launch));
        CTN_TRY(ctn::check_tail(*launch));
        return ctn::start_kernel<ctn::Tail>(*launch, stream);
    });
}
