/* A tile of one head's state in the registers of a block: some of the V rows, all K columns. The kernels are written once over the
 * tile: TunedTile for head_dim 64 and 128, AnyTile, slower, for every even head_dim up to 256.
 *
 * An element's updates are one fmaf a token, in the order of tokens, and an output is summed in an order that the head_dim and the
 * state's format alone decide. So bits depend neither on how many rows a tile has nor on which kernel works on it. */
#pragma once

#include "recurrent_state.h"

namespace ctn {

constexpr int recurrent_threads = 128;

/* The sums of count values over groups of lanes. Lane l of a group has, in values[0], the sum of value l / (lanes / count). Halves
 * of the values change sides with each halving of the lanes: 8 sums over 16 lanes take 8 shuffles in place of 32. */
template <int count, int lanes>
CTN_DEVICE void sum_over_lanes(float (&values)[count], int lane)
{
    static_assert(count <= lanes, "a lane cannot keep more than one sum");
    int left = count;
#pragma unroll
    for (int m = lanes / 2; m >= 1; m >>= 1) {
        if (left == 1) {
            values[0] += __shfl_xor_sync(CTN_WARP, values[0], m);
            continue;
        }
        const bool is_upper = (lane & m) != 0;
        left >>= 1;
#pragma unroll
        for (int i = 0; i < count / 2; i++) {
            if (i >= left)
                break;
            const float given = is_upper ? values[i] : values[i + left];
            const float kept = is_upper ? values[i + left] : values[i];
            values[i] = kept + __shfl_xor_sync(CTN_WARP, given, m);
        }
    }
}

/* count floats from 16-byte aligned shared memory. */
template <int count>
CTN_DEVICE void load_shared(const float *source, float (&values)[count])
{
    if constexpr (count % 4 == 0) {
#pragma unroll
        for (int i = 0; i < count; i += 4) {
            const float4 four = *reinterpret_cast<const float4 *>(source + i);
            values[i] = four.x;
            values[i + 1] = four.y;
            values[i + 2] = four.z;
            values[i + 3] = four.w;
        }
    } else {
#pragma unroll
        for (int i = 0; i < count; i++)
            values[i] = source[i];
    }
}

/* A row of the state lies over lanes with 16 bytes each; a thread has the same columns of rows_a_thread consecutive rows. */
template <int head_dim, class State_, int tile_rows>
class TunedTile {
public:
    using State = State_;
    static constexpr int rows = tile_rows;
    static constexpr int pairs_a_lane = head_dim / 64;
    static constexpr int blocks_a_multiprocessor = State::per_access == 4 ? 6 : 5;

    static __host__ __device__ __forceinline__ int dim(int) { return head_dim; }

    __device__ __forceinline__ TunedTile(int tile, int)
        : lane_(threadIdx.x % 32), column_(threadIdx.x % lanes * columns), first_row_(threadIdx.x / lanes * rows_a_thread), tile_row_(tile * rows)
    {
    }

    /* Sends for the tile; begin waits for it. */
    __device__ __forceinline__ void load(typename State::Element *head)
    {
        state_ = head + (int64_t)(tile_row_ + first_row_) * head_dim + column_;
#pragma unroll
        for (int i = 0; i < rows_a_thread; i++)
            raw_[i] = load_once(state_ + i * head_dim);
    }

    __device__ __forceinline__ void begin()
    {
#pragma unroll
        for (int i = 0; i < rows_a_thread; i++)
            State::unpack(raw_[i], s_[i]);
    }

    /* S += v k^T with k [K], v [rows] in shared memory. */
    __device__ __forceinline__ void update(const float *k, const float *v)
    {
        float keys[columns];
        float values[rows_a_thread];
        load_shared(k + column_, keys);
        load_shared(v + first_row_, values);
#pragma unroll
        for (int i = 0; i < rows_a_thread; i++)
#pragma unroll
            for (int j = 0; j < columns; j++)
                s_[i][j] = fmaf(values[i], keys[j], s_[i][j]);
    }

    /* o = S q for the tile's rows, with o [V] of the head. */
    template <class Rows>
    __device__ __forceinline__ void read_out(const float *q, typename Rows::Element *o) const
    {
        float queries[columns];
        float sums[rows_a_thread];
        load_shared(q + column_, queries);
#pragma unroll
        for (int i = 0; i < rows_a_thread; i++) {
            sums[i] = 0.0f;
#pragma unroll
            for (int j = 0; j < columns; j++)
                sums[i] = fmaf(s_[i][j], queries[j], sums[i]);
        }
        sum_over_lanes<rows_a_thread, lanes>(sums, lane_);
        constexpr int lanes_a_sum = lanes / rows_a_thread;
        if (lane_ % lanes_a_sum == 0)
            Rows::store(o, tile_row_ + first_row_ + lane_ % lanes / lanes_a_sum, sums[0]);
    }

    __device__ __forceinline__ void write(uint32_t key) const
    {
#pragma unroll
        for (int i = 0; i < rows_a_thread; i++)
            store(state_ + i * head_dim, State::pack(s_[i], key + (uint32_t)((tile_row_ + first_row_ + i) * head_dim + column_)));
    }

private:
    static constexpr int columns = State::per_access;
    static constexpr int lanes = head_dim / columns;
    static constexpr int rows_a_thread = rows * lanes / recurrent_threads;
    static_assert(lanes <= 32 && rows_a_thread >= 1 && rows * lanes % recurrent_threads == 0, "the tile does not fit the block");

    int lane_;
    int column_;
    int first_row_;
    int tile_row_;
    typename State::Element *state_;
    Words4 raw_[rows_a_thread];
    float s_[rows_a_thread][columns];
};

/* A warp has rows_a_warp rows, a lane every 32nd column of them. */
template <class State_>
class AnyTile {
public:
    using State = State_;
    static constexpr int rows = 16;
    static constexpr int pairs_a_lane = 4;
    static constexpr int blocks_a_multiprocessor = 2;

    static __host__ __device__ __forceinline__ int dim(int head_dim) { return head_dim; }

    __device__ __forceinline__ AnyTile(int tile, int head_dim)
        : lane_(threadIdx.x % 32), first_row_(threadIdx.x / 32 * rows_a_warp), tile_row_(tile * rows), dim_(head_dim)
    {
    }

    __device__ __forceinline__ void load(typename State::Element *head)
    {
        state_ = head + (int64_t)(tile_row_ + first_row_) * dim_;
        for_each([&](int i, int column, float &s) { s = State::widen(state_[(int64_t)i * dim_ + column]); });
    }

    __device__ __forceinline__ void begin() {}

    __device__ __forceinline__ void update(const float *k, const float *v)
    {
        for_each([&](int i, int column, float &s) { s = fmaf(v[first_row_ + i], k[column], s); });
    }

    template <class Rows>
    __device__ __forceinline__ void read_out(const float *q, typename Rows::Element *o)
    {
        float sums[rows_a_warp] = {};
        for_each([&](int i, int column, float &s) { sums[i] = fmaf(s, q[column], sums[i]); });
#pragma unroll
        for (int i = 0; i < rows_a_warp; i++) {
            const float sum = warp_sum(sums[i]);
            if (lane_ == 0 && tile_row_ + first_row_ + i < dim_)
                Rows::store(o, tile_row_ + first_row_ + i, sum);
        }
    }

    __device__ __forceinline__ void write(uint32_t key)
    {
        for_each([&](int i, int column, float &s) {
            const int64_t element = (int64_t)i * dim_ + column;
            state_[element] = State::narrow(s, key + (uint32_t)((tile_row_ + first_row_) * dim_ + element));
        });
    }

private:
    static constexpr int rows_a_warp = rows / (recurrent_threads / 32);
    static constexpr int columns = 256 / 32;

    /* Calls body(row, column, element) for the thread's elements within the head. */
    template <class Body>
    __device__ __forceinline__ void for_each(Body body)
    {
#pragma unroll
        for (int i = 0; i < rows_a_warp; i++)
#pragma unroll
            for (int j = 0; j < columns; j++) {
                const int column = lane_ + 32 * j;
                if (tile_row_ + first_row_ + i < dim_ && column < dim_)
                    body(i, column, s_[i][j]);
            }
    }

    int lane_;
    int first_row_;
    int tile_row_;
    int dim_;
    typename State::Element *state_;
    float s_[rows_a_warp][columns];
};

}  // namespace ctn
