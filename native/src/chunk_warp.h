/* What chunk_outputs in chunk.cu does with the tiles: a warp's 16 tokens against the state, and against tokens before them. */
#pragma once

#include "chunk_tiles.h"

namespace ctn {

/* The matrix as two terms of bf16, one tile behind the other. */
template <int D>
CTN_DEVICE void fill_state_tiles(const float *state, uint16_t *tiles)
{
    constexpr int stride = kTileStride<D>;
    for (int i = (int)threadIdx.x; i < D * D / 4; i += kChunkThreads) {
        const float4 x = reinterpret_cast<const float4 *>(state)[i];
        uint16_t *const high = tiles + i / (D / 4) * stride + i % (D / 4) * 4, *const low = high + D * stride;
        uint2 words = {pack_bf16(x.x, x.y), pack_bf16(x.z, x.w)};
        *reinterpret_cast<uint2 *>(high) = words;
        words = {pack_bf16(x.x - low_bf16(words.x), x.y - high_bf16(words.x)), pack_bf16(x.z - low_bf16(words.y), x.w - high_bf16(words.y))};
        *reinterpret_cast<uint2 *>(low) = words;
    }
}

/* Terms of the scores of a warp's 16 tokens with 16 tokens before or at them. Tokens after a token do not count for it. */
template <int Terms>
CTN_DEVICE void mask_and_round(Sum &scores, int query, int key, Left (&terms)[Terms])
{
    const int lane = (int)threadIdx.x & 31;
#pragma unroll
    for (int o = 0; o < 8; ++o)
        if (key + sum_column(lane, o) > query + sum_row(lane, o))
            scores.value[o] = 0.0f;
#pragma unroll
    for (int term = 0; term < Terms; ++term) {
        terms[term] = rounded(scores);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            scores.value[2 * i] -= low_bf16(terms[term].word[i]);
            scores.value[2 * i + 1] -= high_bf16(terms[term].word[i]);
        }
    }
}

/* What a warp holds of its 16 tokens: q as operands, and the sums that become o. */
template <class Row, int D>
struct WarpTokens {
    static constexpr int steps = D / 16, terms = kTerms<Row>;
    Left queries[steps][terms];
    Sum outputs[steps];
};

/* outputs += q S, for the state before the chunk. */
template <class Row, int D>
CTN_DEVICE void read_state(WarpTokens<Row, D> &warp, const uint16_t *tiles)
{
    constexpr int stride = kTileStride<D>, steps = D / 16;
#pragma unroll
    for (int i = 0; i < steps; ++i)
#pragma unroll
        for (int j = 0; j < steps; ++j) {
            Right state[2];
#pragma unroll
            for (int term = 0; term < 2; ++term)
                state[term] = load_right_transposed({tiles + term * D * stride, stride}, 16 * j, 16 * i);
            multiply_add(warp.outputs[j], warp.queries[i], state);
        }
}

/* outputs += mask(q K^T) V, for the 16 tokens from row token of the tiles on. They are first tokens behind those of the tile. */
template <class Row, int D>
CTN_DEVICE void read_tokens(WarpTokens<Row, D> &warp, const uint16_t *keys, const uint16_t *values, int token, int first, int query)
{
    constexpr int terms = kTerms<Row>, stride = kTileStride<D>, steps = D / 16, tile_elements = kTileTokens * stride;

    Sum scores = {};
#pragma unroll
    for (int i = 0; i < steps; ++i) {
        Right key[terms];
#pragma unroll
        for (int term = 0; term < terms; ++term)
            key[term] = load_right_transposed({keys + term * tile_elements, stride}, token, 16 * i);
        multiply_add(scores, warp.queries[i], key);
    }
    Left weights[terms];
    mask_and_round(scores, query, first + token, weights);
#pragma unroll
    for (int j = 0; j < steps; ++j) {
        Right value[terms];
#pragma unroll
        for (int term = 0; term < terms; ++term)
            value[term] = load_right({values + term * tile_elements, stride}, token, 16 * j);
        multiply_add(warp.outputs[j], weights, value);
    }
}

template <class Row, int D>
CTN_DEVICE void write_outputs(const ctn_recurrent &p, const Chunk &chunk, int head, int query, const WarpTokens<Row, D> &warp)
{
    auto *const o = static_cast<typename Row::Element *>(p.o);
    const int lane = (int)threadIdx.x & 31;
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
        const int token = query + sum_row(lane, i);
        if (token < chunk.count) {
            const int64_t place = (chunk.token + token) * p.o_stride + (int64_t)head * D + sum_column(lane, i);
#pragma unroll
            for (int j = 0; j < D / 16; ++j)
                Row::store2(o, place + 16 * j, {warp.outputs[j].value[i], warp.outputs[j].value[i + 1]});
        }
    }
}

}  // namespace ctn
