/* What kernels share: 16-byte accesses, conversions, sums over a warp, rotary angles. The arithmetic is written with explicit fmaf
 * and built without contraction, so that two kernels that say the same compute the same bits. */
#pragma once

#include "platform.h"

#include <cstdint>

namespace ctn {

struct alignas(16) Words4 {
    uint32_t word[4];
};

#if defined(CTN_EMULATION)

CTN_DEVICE Words4 load_once(const void *source)
{
    Words4 words;
    std::memcpy(&words, source, sizeof words);
    return words;
}

CTN_DEVICE void store(void *destination, const Words4 &words) { std::memcpy(destination, &words, sizeof words); }

/* To nearest, ties to even. */
CTN_DEVICE uint16_t to_bf16(float value)
{
    const uint32_t bits = __float_as_uint(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

CTN_DEVICE float from_f16(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = half >> 10 & 31;
    const uint32_t fraction = half & 1023;
    if (exponent == 31)
        return __uint_as_float(sign | 0x7f800000u | fraction << 13);
    if (exponent != 0)
        return __uint_as_float(sign | (exponent + 112) << 23 | fraction << 13);
    return __uint_as_float(sign | __float_as_uint(std::ldexp((float)fraction, -24)));
}

/* Towards zero; beyond the largest finite value, that value. */
CTN_DEVICE uint16_t to_f16_toward_zero(float value)
{
    const uint32_t bits = __float_as_uint(value);
    const uint32_t sign = bits >> 16 & 0x8000u;
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude >= 0x7f800000u)
        return (uint16_t)(sign | (magnitude > 0x7f800000u ? 0x7fff : 0x7c00));
    const int exponent = (int)(magnitude >> 23) - 127;
    const uint32_t fraction = magnitude & 0x7fffffu;
    if (exponent > 15)
        return (uint16_t)(sign | 0x7bff);
    if (exponent >= -14)
        return (uint16_t)(sign | (uint32_t)(exponent + 15) << 10 | fraction >> 13);
    const int shift = -exponent - 1;
    return (uint16_t)(sign | (shift > 23 ? 0 : (fraction | 0x800000u) >> shift));
}

#else

/* Data that a launch reads once: it stays out of L1. */
CTN_DEVICE Words4 load_once(const void *source)
{
    Words4 words;
    asm volatile("ld.global.L1::no_allocate.v4.u32 {%0,%1,%2,%3}, [%4];"
                 : "=r"(words.word[0]), "=r"(words.word[1]), "=r"(words.word[2]), "=r"(words.word[3])
                 : "l"(source));
    return words;
}

CTN_DEVICE void store(void *destination, const Words4 &words)
{
    asm volatile("st.global.v4.u32 [%0], {%1,%2,%3,%4};"
                 :
                 : "l"(destination), "r"(words.word[0]), "r"(words.word[1]), "r"(words.word[2]), "r"(words.word[3])
                 : "memory");
}

/* To nearest, ties to even. sm_80 has the packed form alone. */
CTN_DEVICE uint16_t to_bf16(float value)
{
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(0.0f), "f"(value));
    return (uint16_t)pair;
}

CTN_DEVICE float from_f16(uint16_t half)
{
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half));
    return value;
}

CTN_DEVICE uint16_t to_f16_toward_zero(float value)
{
    uint16_t half;
    asm("cvt.rz.f16.f32 %0, %1;" : "=h"(half) : "f"(value));
    return half;
}

#endif

CTN_DEVICE float from_bf16(uint32_t half) { return __uint_as_float(half << 16); }

/* Rows of q, k, v, o and the tail, of type f32. Indices count elements; pairs begin at even ones. */
struct RowsF32 {
    using Element = float;
    static __device__ __forceinline__ float load(const float *row, int64_t i) { return row[i]; }
    static __device__ __forceinline__ void store(float *row, int64_t i, float value) { row[i] = value; }
    static __device__ __forceinline__ float2 load2(const float *row, int64_t i) { return *reinterpret_cast<const float2 *>(row + i); }
    static __device__ __forceinline__ void store2(float *row, int64_t i, float2 pair) { *reinterpret_cast<float2 *>(row + i) = pair; }
    static __device__ __forceinline__ float rounded(float value) { return value; }
};

/* The same of type bf16. */
struct RowsBf16 {
    using Element = uint16_t;
    static __device__ __forceinline__ float load(const uint16_t *row, int64_t i) { return from_bf16(row[i]); }
    static __device__ __forceinline__ void store(uint16_t *row, int64_t i, float value) { row[i] = to_bf16(value); }
    static __device__ __forceinline__ float2 load2(const uint16_t *row, int64_t i)
    {
        const uint32_t pair = *reinterpret_cast<const uint32_t *>(row + i);
        return {__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000u)};
    }
    static __device__ __forceinline__ void store2(uint16_t *row, int64_t i, float2 pair)
    {
        *reinterpret_cast<uint32_t *>(row + i) = (uint32_t)to_bf16(pair.x) | (uint32_t)to_bf16(pair.y) << 16;
    }
    static __device__ __forceinline__ float rounded(float value) { return from_bf16(to_bf16(value)); }
};

/* The sum over the warp's lanes, the same bits on every lane. */
CTN_DEVICE float warp_sum(float value)
{
#pragma unroll
    for (int lanes = 16; lanes >= 1; lanes >>= 1)
        value += __shfl_xor_sync(CTN_WARP, value, lanes);
    return value;
}

CTN_DEVICE float warp_max(float value)
{
#pragma unroll
    for (int lanes = 16; lanes >= 1; lanes >>= 1)
        value = fmaxf(value, __shfl_xor_sync(CTN_WARP, value, lanes));
    return value;
}

/* Rotates a pair by the angle of a position. turns is the fraction of a turn a token in 2^-64ths, so its product with the position,
 * mod 2^64, is the angle whatever the position; the top 32 bits, signed, are half turns in 2^-31ths. */
CTN_DEVICE float2 rotate(float2 pair, uint64_t turns, int64_t position)
{
    const auto half_turns = (int32_t)(uint32_t)(turns * (uint64_t)position >> 32);
    float sine;
    float cosine;
    sincospif((float)half_turns * (1.0f / 2147483648.0f), &sine, &cosine);
    return {fmaf(pair.x, cosine, -(pair.y * sine)), fmaf(pair.y, cosine, pair.x * sine)};
}

/* max(1, count^sigma) with count = position + 1: a token's value is divided by it. */
CTN_DEVICE float value_divisor(int64_t position, float sigma) { return fmaxf(powf((float)(position + 1), sigma), 1.0f); }

}  // namespace ctn
