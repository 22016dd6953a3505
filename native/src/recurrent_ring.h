/* The tail of one head: the newest k and v that its state does not hold yet, in a ring by position. A launch never writes an entry
 * that another of its blocks still reads, because entries and new tokens have room beside each other. */
#pragma once

#include "recurrent_tokens.h"

namespace ctn {

template <class Tile, class Rows>
class Ring {
public:
    __device__ __forceinline__ Ring(const ctn_recurrent &launch, const Work &work)
        : begin_(static_cast<typename Rows::Element *>(launch.tail) + work.slot * launch.tail_slot_stride
              + work.head * launch.tail_head_stride),
          wrap_(launch.tail_capacity - 1), dim_(Tile::dim(launch.head_dim)), first_value_(work.tile * Tile::rows), writes_keys_(work.tile == 0)
    {
    }

    /* The entries from a position on, as f32 in shared memory: k [.][K], v [.][rows of the tile]. */
    __device__ __forceinline__ void fetch(int64_t position, int entries, float *k, float *v) const
    {
        for (int i = 2 * threadIdx.x; i < entries * dim_; i += 2 * recurrent_threads)
            put(Rows::load2(key(position + i / dim_), i % dim_), k + i);
        for (int i = 2 * threadIdx.x; i < entries * Tile::rows; i += 2 * recurrent_threads)
            if (first_value_ + i % Tile::rows < dim_)
                put(Rows::load2(value(position + i / Tile::rows), i % Tile::rows), v + i);
    }

    /* New entries from shared memory. Of the head's blocks one writes the keys. */
    __device__ __forceinline__ void append(int64_t position, int tokens, const float *k, const float *v) const
    {
        if (writes_keys_)
            for (int i = 2 * threadIdx.x; i < tokens * dim_; i += 2 * recurrent_threads)
                Rows::store2(key(position + i / dim_), i % dim_, {k[i], k[i + 1]});
        for (int i = 2 * threadIdx.x; i < tokens * Tile::rows; i += 2 * recurrent_threads)
            if (first_value_ + i % Tile::rows < dim_)
                Rows::store2(value(position + i / Tile::rows), i % Tile::rows, {v[i], v[i + 1]});
    }

private:
    static __device__ __forceinline__ void put(float2 pair, float *shared)
    {
        shared[0] = pair.x;
        shared[1] = pair.y;
    }

    __device__ __forceinline__ typename Rows::Element *key(int64_t position) const
    {
        return begin_ + (int64_t)((int)position & wrap_) * 2 * dim_;
    }

    /* Of the tile's first row. */
    __device__ __forceinline__ typename Rows::Element *value(int64_t position) const { return key(position) + dim_ + first_value_; }

    typename Rows::Element *begin_;
    int wrap_;
    int dim_;
    int first_value_;
    bool writes_keys_;
};

}  // namespace ctn
