/* ctn_fused_recurrent: a row's tokens one after another on a state tile that stays in registers, so that one read and one write of
 * the state serve the whole row. Cottention, arXiv 2409.18747: S += v k^T, o = S q.
 *
 * Block = a tile of one head of one row:
 *   1. send for the state tile, before anything that waits
 *   2. meanwhile make q, k and v of up to 8 tokens ready in shared memory
 *   3. for each token: update the tile, read out
 *   4. write the tile */
#include "recurrent_launch.h"

namespace ctn {

namespace {

template <class Tile, class Rows>
__global__ void __launch_bounds__(recurrent_threads, Tile::blocks_a_multiprocessor) fused_recurrent_kernel(const ctn_recurrent launch)
{
    CTN_SHARED(float, shared);
    const Work work = work_of_block<Tile>(launch);
    if (work.slot < 0 || work.tokens <= 0)
        return;

    Tile tile(work.tile, launch.head_dim);
    tile.load(state_of<Tile>(launch, work));

    const int dim = Tile::dim(launch.head_dim);
    const ReadyTokens ready = {shared, shared + tokens_at_a_time * dim, shared + 2 * tokens_at_a_time * dim};
    prepare<Tile, Rows>(launch, work, 0, min(tokens_at_a_time, work.tokens), ready);
    __syncthreads();

    tile.begin();
#pragma unroll 1
    for (int token = 0; token < work.tokens; token++) {
        const int i = token % tokens_at_a_time;
        if (i == 0 && token != 0) {
            /* Other threads still read the last tokens. */
            __syncthreads();
            prepare<Tile, Rows>(launch, work, token, min(tokens_at_a_time, work.tokens - token), ready);
            __syncthreads();
        }
        tile.update(ready.k + i * dim, ready.v + i * Tile::rows);
        tile.template read_out<Rows>(ready.q + i * dim, output_of<Rows>(launch, work, token, dim));
    }
    tile.write(rounding_key(launch.rounding_seed, work.head, work.position + work.tokens));
}

struct FusedRecurrent {
    template <class Tile, class Rows>
    static ctn_status start(const ctn_recurrent &launch, Stream stream)
    {
        const size_t floats_a_token = 2 * (size_t)launch.head_dim + Tile::rows;
        const LaunchSize size = {
            "ctn_fused_recurrent", block_count(launch, Tile::rows), recurrent_threads, tokens_at_a_time * floats_a_token * sizeof(float)};
        return ctn::launch(size, stream, fused_recurrent_kernel<Tile, Rows>, launch);
    }
};

}  // namespace

}  // namespace ctn

extern "C" ctn_status ctn_fused_recurrent(const ctn_recurrent *launch, void *stream)
{
    return ctn::guarded([&] {
        CTN_TRY(ctn::check_recurrent(launch));
        return ctn::start_kernel<ctn::FusedRecurrent>(*launch, stream);
    });
}
