/* Formats of a stored state, and the random bits of its stochastic rounding. In registers a state is always f32. */
#pragma once

#include "vectors.h"

namespace ctn {

/* 32 bits that depend on every bit of the key: two rounds of shift, xor and multiply. */
CTN_DEVICE uint32_t scramble(uint32_t key)
{
    key ^= key >> 16;
    key *= 0x7feb352du;
    key ^= key >> 15;
    key *= 0x846ca68bu;
    return key ^ key >> 16;
}

/* For one head at one position. Neither slot nor batch is in it: a session rounds alike wherever and with whomever it runs. */
CTN_DEVICE uint32_t rounding_key(uint64_t seed, int head, int64_t position)
{
    const uint32_t of_head = scramble((uint32_t)seed ^ scramble((uint32_t)(seed >> 32) + (uint32_t)head));
    const auto count = (uint64_t)position;
    return of_head ^ scramble((uint32_t)count * 0x9e3779b9u ^ scramble((uint32_t)(count >> 32)));
}

struct StateF32 {
    using Element = float;
    static constexpr int per_access = 4;

    static __device__ __forceinline__ void unpack(const Words4 &words, float (&values)[4])
    {
#pragma unroll
        for (int i = 0; i < 4; i++)
            values[i] = __uint_as_float(words.word[i]);
    }

    static __device__ __forceinline__ Words4 pack(const float (&values)[4], uint32_t)
    {
        return {{__float_as_uint(values[0]), __float_as_uint(values[1]), __float_as_uint(values[2]), __float_as_uint(values[3])}};
    }

    static __device__ __forceinline__ float widen(float element) { return element; }
    static __device__ __forceinline__ float narrow(float value, uint32_t) { return value; }
};

struct StateF16 {
    using Element = uint16_t;
    static constexpr int per_access = 8;

    static __device__ __forceinline__ void unpack(const Words4 &words, float (&values)[8])
    {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            values[2 * i] = widen((uint16_t)(words.word[i] & 0xffffu));
            values[2 * i + 1] = widen((uint16_t)(words.word[i] >> 16));
        }
    }

    /* key is that of the first element; the others follow it. */
    static __device__ __forceinline__ Words4 pack(const float (&values)[8], uint32_t key)
    {
        Words4 words;
#pragma unroll
        for (int i = 0; i < 4; i++)
            words.word[i] = (uint32_t)narrow(values[2 * i], key + 2 * i) | (uint32_t)narrow(values[2 * i + 1], key + 2 * i + 1) << 16;
        return words;
    }

    static __device__ __forceinline__ float widen(uint16_t element) { return from_f16(element); }

    /* Up with the probability that the part cut off has of a unit: 13 random bits below the kept fraction, then towards zero. */
    static __device__ __forceinline__ uint16_t narrow(float value, uint32_t key)
    {
        const uint32_t bits = __float_as_uint(value);
        const bool is_finite = (bits & 0x7f800000u) != 0x7f800000u;
        return to_f16_toward_zero(is_finite ? __uint_as_float(bits + (scramble(key) & 0x1fffu)) : value);
    }
};

}  // namespace ctn
