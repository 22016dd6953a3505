/* Float32 to bfloat16 on the host. */
#pragma once

#include <cstdint>
#include <cstring>

namespace ctn {

/* To nearest, ties to even; NaN stays NaN. */
inline uint16_t rounded_to_bf16(float value)
{
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}

inline void round_to_bf16(const float *values, int64_t count, uint16_t *rounded)
{
    for (int64_t i = 0; i < count; i++)
        rounded[i] = rounded_to_bf16(values[i]);
}

}  // namespace ctn
