/* From rows of q, k, v in device memory to what meets a state, in shared memory: q and k rotated and of unit length, v divided by
 * count^sigma; k and v rounded to the rows' type, as a tail keeps them. */
#pragma once

#include "recurrent_tile.h"

namespace ctn {

/* Most new tokens that a block prepares at a time, and that a row of ctn_tail has. */
constexpr int tokens_at_a_time = 8;

/* What a block works on: a tile of one head of one row. */
struct Work {
    int row, tile, head;
    int64_t slot;        /* -1: padding */
    int64_t first_token; /* of the row, in qkv and o */
    int tokens;
    int64_t position;
};

template <class Tile>
CTN_DEVICE Work work_of_block(const ctn_recurrent &launch)
{
    const int tiles = (Tile::dim(launch.head_dim) + Tile::rows - 1) / Tile::rows;
    const auto block = (int)blockIdx.x;
    const int row = block / (tiles * launch.heads);
    Work work;
    work.row = row;
    work.tile = block % tiles;
    work.head = block / tiles % launch.heads;
    /* Padding's too: all are on their way at once, where a branch between them would make two waits of one. */
    work.slot = launch.slot[row];
    work.first_token = launch.token_begin != nullptr ? launch.token_begin[row] : row;
    work.tokens = launch.token_begin != nullptr ? launch.token_begin[row + 1] - (int)work.first_token : 1;
    work.position = launch.position[row];
    return work;
}

template <class Tile>
CTN_DEVICE typename Tile::State::Element *state_of(const ctn_recurrent &launch, const Work &work)
{
    return static_cast<typename Tile::State::Element *>(launch.state) + work.slot * launch.slot_stride + work.head * launch.head_stride;
}

/* One warp makes the q or k of a head and token ready. Lane l holds its pairs l, l + 32, and so on. */
template <class Tile, class Rows>
class UnitVector {
public:
    __device__ __forceinline__ UnitVector(const ctn_recurrent &launch, const typename Rows::Element *source, int64_t position)
        : lane_(threadIdx.x % 32), dim_(Tile::dim(launch.head_dim))
    {
        float sum = 0.0f;
#pragma unroll
        for (int j = 0; j < Tile::pairs_a_lane; j++) {
            const int pair = lane_ + 32 * j;
            pairs_[j] = {0.0f, 0.0f};
            if (2 * pair < dim_)
                pairs_[j] = Rows::load2(source, 2 * pair);
            if (2 * pair < launch.rotary_dim)
                pairs_[j] = rotate(pairs_[j], launch.turns[pair], position);
            sum = fmaf(pairs_[j].y, pairs_[j].y, fmaf(pairs_[j].x, pairs_[j].x, sum));
        }
        const float norm = fmaxf(sqrtf(warp_sum(sum)), 1e-12f);
#pragma unroll
        for (int j = 0; j < Tile::pairs_a_lane; j++)
            pairs_[j] = {pairs_[j].x / norm, pairs_[j].y / norm};
    }

    __device__ __forceinline__ void round()
    {
#pragma unroll
        for (int j = 0; j < Tile::pairs_a_lane; j++)
            pairs_[j] = {Rows::rounded(pairs_[j].x), Rows::rounded(pairs_[j].y)};
    }

    __device__ __forceinline__ void put(float *shared) const
    {
#pragma unroll
        for (int j = 0; j < Tile::pairs_a_lane; j++) {
            const int pair = lane_ + 32 * j;
            if (2 * pair < dim_) {
                shared[2 * pair] = pairs_[j].x;
                shared[2 * pair + 1] = pairs_[j].y;
            }
        }
    }

private:
    int lane_;
    int dim_;
    float2 pairs_[Tile::pairs_a_lane];
};

/* Tokens of a row, ready: q [.][K], k [.][K], v [.][rows of the tile], all f32 in shared memory. */
struct ReadyTokens {
    float *q;
    float *k;
    float *v;
};

/* The whole block makes the row's tokens first .. first + count - 1 ready. The caller sets the barrier behind it. */
template <class Tile, class Rows>
CTN_DEVICE void prepare(const ctn_recurrent &launch, const Work &work, int first, int count, const ReadyTokens &ready)
{
    const int dim = Tile::dim(launch.head_dim);
    const auto *const qkv = static_cast<const typename Rows::Element *>(launch.qkv) + (int64_t)work.head * dim;
    const auto thread = (int)threadIdx.x;

    for (int i = thread / 32; i < 2 * count; i += recurrent_threads / 32) {
        const int token = i / 2;
        const bool is_key = i % 2 != 0;
        const auto *const row = qkv + (work.first_token + first + token) * launch.row_stride;
        UnitVector<Tile, Rows> vector(launch, row + (is_key ? launch.k_offset : launch.q_offset), work.position + first + token);
        if (is_key)
            vector.round();
        vector.put((is_key ? ready.k : ready.q) + token * dim);
    }

    const float sigma = launch.sigma[work.head];
    for (int i = thread; i < count * Tile::rows; i += recurrent_threads) {
        const int token = i / Tile::rows;
        const int value = work.tile * Tile::rows + i % Tile::rows;
        if (value < dim) {
            const auto *const row = qkv + (work.first_token + first + token) * launch.row_stride + launch.v_offset;
            ready.v[i] = Rows::rounded(Rows::load(row, value) / value_divisor(work.position + first + token, sigma));
        }
    }
}

template <class Rows>
CTN_DEVICE typename Rows::Element *output_of(const ctn_recurrent &launch, const Work &work, int token, int dim)
{
    return static_cast<typename Rows::Element *>(launch.o) + (work.first_token + token) * launch.o_stride + (int64_t)work.head * dim;
}

}  // namespace ctn
