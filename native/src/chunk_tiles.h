/* What the kernels of chunk.cu share: which tokens a block has, and how q, k and v come into shared memory as tiles of bf16. */
#pragma once

#include "mma.h"

namespace ctn {

constexpr int kChunkTokens = 128;
/* Tokens whose k and v are in shared memory at a time. */
constexpr int kTileTokens = 64;
constexpr int kChunkThreads = 256;
constexpr int kChunkWarps = kChunkThreads / 32;

/* bf16 terms that stand for a value: f32 rows are the sum of two, which keeps 16 bits. */
template <class Row> constexpr int kTerms = sizeof(typename Row::Element) == 4 ? 2 : 1;

/* Elements from one row of a tile to the next. */
template <int D> constexpr int kTileStride = D + 8;

/* One head's part of a row of the launch: up to kChunkTokens tokens. */
struct Chunk {
    int64_t token;    /* first, in qkv */
    int64_t position; /* of that token */
    int row, slot;
    int count;        /* tokens; 0 where there is nothing to do */
};

CTN_DEVICE int64_t first_token(const ctn_recurrent &p, int row)
{
    return p.token_begin ? p.token_begin[row] : row;
}

/* Number of a row's first chunk, in the launch. Every row is given one chunk more than its length divided by kChunkTokens, and
 * so the number hangs on the row's first token alone. */
CTN_DEVICE int64_t first_chunk(const ctn_recurrent &p, int row)
{
    return (first_token(p, row) - first_token(p, 0)) / kChunkTokens + row;
}

CTN_DEVICE Chunk find_chunk(const ctn_recurrent &p, int64_t number)
{
    int row = 0, end = p.rows;
    while (end - row > 1) {
        const int middle = row + (end - row) / 2;
        if (first_chunk(p, middle) <= number)
            row = middle;
        else
            end = middle;
    }
    const int64_t before = (number - first_chunk(p, row)) * kChunkTokens;
    const int64_t left = first_token(p, row + 1) - first_token(p, row) - before;

    Chunk chunk;
    chunk.row = row;
    chunk.slot = p.slot[row];
    chunk.token = first_token(p, row) + before;
    chunk.position = p.position[row] + before;
    chunk.count = chunk.slot < 0 || left <= 0 ? 0 : left < kChunkTokens ? (int)left : kChunkTokens;
    return chunk;
}

/* A lane's pairs lane, lane + 32, ... of a vector, and how they turn. */
template <int D>
struct LaneTurns {
    static constexpr int pairs = D / 64;
    uint64_t turns[pairs];
    bool rotates[pairs];

    __device__ __forceinline__ explicit LaneTurns(const ctn_recurrent &p)
    {
#pragma unroll
        for (int j = 0; j < pairs; ++j) {
            const int pair = ((int)threadIdx.x & 31) + 32 * j;
            rotates[j] = 2 * pair < p.rotary_dim;
            turns[j] = rotates[j] ? p.turns[pair] : 0;
        }
    }

    /* Rotates the vector by its position and divides it by its norm, as UnitVector in recurrent_tokens.h does. */
    __device__ __forceinline__ void apply(float2 (&x)[pairs], int64_t position) const
    {
        float squares = 0.0f;
#pragma unroll
        for (int j = 0; j < pairs; ++j) {
            if (rotates[j])
                x[j] = rotate(x[j], turns[j], position);
            squares = fmaf(x[j].y, x[j].y, fmaf(x[j].x, x[j].x, squares));
        }
        const float norm = fmaxf(sqrtf(warp_sum(squares)), 1e-12f);
#pragma unroll
        for (int j = 0; j < pairs; ++j)
            x[j] = {x[j].x / norm, x[j].y / norm};
    }
};

enum class Vector { Query, Key, Value };

/* Tokens first .. first + tokens - 1 of the chunk, one in a row of the tile, each a vector as the recurrence uses it; zeros behind
 * the chunk's end. The tile's terms lie one after another, terms_stride elements apart. */
template <class Row, int D, Vector kind>
CTN_DEVICE void fill_tile(const ctn_recurrent &p, const Chunk &chunk, int head, int first, int tokens, uint16_t *tile, int terms_stride)
{
    constexpr int batch = 4, pairs = D / 64;
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5;
    const auto *const qkv = static_cast<const typename Row::Element *>(p.qkv);
    const int64_t offset = (kind == Vector::Query ? p.q_offset : kind == Vector::Key ? p.k_offset : p.v_offset) + (int64_t)head * D;
    const LaneTurns<D> turns(p);

    for (int begin = warp; begin < tokens; begin += batch * kChunkWarps) {
        /* All loads of the batch are on their way before the first is used. */
        float2 x[batch][pairs];
#pragma unroll
        for (int i = 0; i < batch; ++i)
#pragma unroll
            for (int j = 0; j < pairs; ++j) {
                const int token = first + begin + i * kChunkWarps;
                const bool is_there = begin + i * kChunkWarps < tokens && token < chunk.count;
                x[i][j] = is_there ? Row::load2(qkv, (chunk.token + token) * p.row_stride + offset + 2 * (lane + 32 * j)) : float2{0.0f, 0.0f};
            }
#pragma unroll
        for (int i = 0; i < batch; ++i) {
            const int row = begin + i * kChunkWarps;
            if (row >= tokens)
                break;
            const int64_t position = chunk.position + first + row;
            if (kind == Vector::Value) {
                const float divisor = value_divisor(position, p.sigma[head]);
#pragma unroll
                for (int j = 0; j < pairs; ++j)
                    x[i][j] = {x[i][j].x / divisor, x[i][j].y / divisor};
            } else {
                turns.apply(x[i], position);
            }
#pragma unroll
            for (int j = 0; j < pairs; ++j) {
#pragma unroll
                for (int term = 0; term < kTerms<Row>; ++term) {
                    const uint32_t word = pack_bf16(x[i][j].x, x[i][j].y);
                    *reinterpret_cast<uint32_t *>(tile + term * terms_stride + row * kTileStride<D> + 2 * (lane + 32 * j)) = word;
                    x[i][j].x -= low_bf16(word);
                    x[i][j].y -= high_bf16(word);
                }
            }
        }
    }
}

/* sum += left * right, where each is a sum of terms; what is smaller than the second term of either is left out. */
template <int L, int R>
CTN_DEVICE void multiply_add(Sum &sum, const Left (&left)[L], const Right (&right)[R])
{
#pragma unroll
    for (int i = 0; i < L; ++i)
#pragma unroll
        for (int j = 0; j < R; ++j)
            if (i + j <= 1)
                multiply_add(sum, left[i], right[j]);
}

}  // namespace ctn
