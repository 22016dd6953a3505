/* A launch of a recurrent kernel with all its memory, filled with seeded random numbers. What no launch may touch is there too:
 * other slots, another layer of each slot, room between rows of qkv and o. */
#pragma once

#include "../src/runtime.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace test {

/* Memory of the device, checked for writes past its ends when it goes. */
class Buffer {
public:
    explicit Buffer(size_t bytes = 0) : bytes_(bytes) { ctn::allocate(&memory_, bytes, "a test"); }
    ~Buffer() { ctn::release(memory_); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;

    template <class T>
    T *as() const { return static_cast<T *>(memory_); }

    std::vector<char> copy() const { return {as<char>(), as<char>() + bytes_}; }
    void restore(const std::vector<char> &bytes) { std::memcpy(memory_, bytes.data(), bytes.size()); }
    size_t bytes() const { return bytes_; }

private:
    void *memory_ = nullptr;
    size_t bytes_;
};

inline size_t element_bytes(ctn_dtype dtype) { return dtype == CTN_F32 ? 4 : 2; }

inline double half_to_double(uint16_t half)
{
    const int exponent = half >> 10 & 31;
    const int fraction = half & 1023;
    const double magnitude = exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
        : exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

inline double read_element(const void *memory, ctn_dtype dtype, int64_t i)
{
    if (dtype == CTN_F32)
        return static_cast<const float *>(memory)[i];
    const uint16_t half = static_cast<const uint16_t *>(memory)[i];
    if (dtype == CTN_F16)
        return half_to_double(half);
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
}

/* The nearest bf16, ties to even. */
inline double round_to_bf16(double value)
{
    const auto single = (float)value;
    uint32_t bits;
    std::memcpy(&bits, &single, 4);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
    float rounded;
    std::memcpy(&rounded, &bits, 4);
    return rounded;
}

/* Random elements of the type, about spread in size. f16 elements are halves of magnitude below 1. */
inline void fill_random(const Buffer &buffer, ctn_dtype dtype, double spread, uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal(0, (float)spread);
    for (size_t i = 0; i < buffer.bytes() / element_bytes(dtype); i++) {
        const float value = normal(random);
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        if (dtype == CTN_F32)
            buffer.as<float>()[i] = value;
        else if (dtype == CTN_BF16)
            buffer.as<uint16_t>()[i] = (uint16_t)(bits >> 16);
        else
            buffer.as<uint16_t>()[i] = (uint16_t)((bits >> 16 & 0x8000) | (random() % 0x3800));
    }
}

/* Pair i of rotary_dim / 2 turns by 10000^(-2i / rotary_dim) radians a token. */
inline long double radians_a_token(int pair, int rotary_dim)
{
    return powl(10000.0L, -2.0L * pair / rotary_dim);
}

constexpr long double two_pi = 2 * 3.14159265358979323846264338327950288L;

inline std::vector<uint64_t> make_turns(int rotary_dim)
{
    std::vector<uint64_t> turns;
    for (int i = 0; i < rotary_dim / 2; i++)
        turns.push_back((uint64_t)(radians_a_token(i, rotary_dim) / two_pi * 18446744073709551616.0L));
    return turns;
}

struct RowSpec {
    int slot;
    int tokens;
    int64_t position;
    int tail_length = 0;
    int fold = 0;
};

struct RecurrentSpec {
    int heads = 2;
    int head_dim = 64;
    int rotary_dim = 32;
    ctn_dtype dtype = CTN_F32;
    ctn_dtype state_dtype = CTN_F32;
    int slots = 5;
    std::vector<RowSpec> rows;
    uint64_t seed = 1;
};

constexpr int case_layers = 2;
constexpr int case_layer = 1;
constexpr int case_capacity = 32;

class RecurrentCase {
public:
    explicit RecurrentCase(const RecurrentSpec &spec)
        : spec(spec), width(spec.heads * spec.head_dim), row_stride(3 * width + 6), o_stride(width + 4),
          head_elements((int64_t)spec.head_dim * spec.head_dim), slot_elements(case_layers * spec.heads * head_elements),
          tail_head_elements((int64_t)case_capacity * 2 * spec.head_dim), first(make_first(spec)), turns(make_turns(spec.rotary_dim)),
          qkv((size_t)(first.back() * row_stride) * element_bytes(spec.dtype)), o((size_t)(first.back() * o_stride) * element_bytes(spec.dtype)),
          state((size_t)(spec.slots * slot_elements) * element_bytes(spec.state_dtype)),
          tail((size_t)(spec.slots * spec.heads * tail_head_elements) * element_bytes(spec.dtype))
    {
        fill_random(qkv, spec.dtype, 1, spec.seed);
        fill_random(state, spec.state_dtype, 0.3, spec.seed + 1000);
        fill_random(tail, spec.dtype, 0.1, spec.seed + 2000);
        for (int head = 0; head < spec.heads; head++)
            sigma.push_back(0.3f + 0.5f * (float)head / (float)spec.heads);
        for (const RowSpec &row : spec.rows) {
            slot.push_back(row.slot);
            position.push_back(row.position);
            tail_length.push_back(row.tail_length);
            fold.push_back(row.fold);
        }
        fill_launch();
    }

    /* Index in the state's buffer of a head of the layer under test. */
    int64_t state_index(int slot_number, int head) const
    {
        return slot_number * slot_elements + (case_layer * spec.heads + head) * head_elements;
    }

    int64_t tail_index(int slot_number, int head, int64_t at_position) const
    {
        return (slot_number * spec.heads + head) * tail_head_elements + (at_position & (case_capacity - 1)) * 2 * spec.head_dim;
    }

    double input(int64_t token, int part, int head, int i) const
    {
        return read_element(qkv.as<void>(), spec.dtype, token * row_stride + part * (width + 2) + head * spec.head_dim + i);
    }

    double output(int64_t token, int head, int i) const
    {
        return read_element(o.as<void>(), spec.dtype, token * o_stride + head * spec.head_dim + i);
    }

    const RecurrentSpec spec;
    const int64_t width, row_stride, o_stride, head_elements, slot_elements, tail_head_elements;
    std::vector<int32_t> first, slot, tail_length, fold;
    std::vector<int64_t> position;
    std::vector<float> sigma;
    std::vector<uint64_t> turns;
    Buffer qkv, o, state, tail;
    ctn_recurrent launch = {};

private:
    static std::vector<int32_t> make_first(const RecurrentSpec &spec)
    {
        std::vector<int32_t> first = {0};
        for (const RowSpec &row : spec.rows)
            first.push_back(first.back() + row.tokens);
        return first;
    }

    void fill_launch()
    {
        bool is_ragged = false;
        for (const RowSpec &row : spec.rows) {
            is_ragged = is_ragged || row.tokens != 1;
            launch.max_row_tokens = std::max(launch.max_row_tokens, row.tokens);
        }
        launch.struct_size = sizeof launch;
        launch.rows = (int32_t)spec.rows.size();
        launch.heads = spec.heads;
        launch.head_dim = spec.head_dim;
        launch.rotary_dim = spec.rotary_dim;
        launch.dtype = spec.dtype;
        launch.state_dtype = spec.state_dtype;
        launch.qkv = qkv.as<void>();
        launch.row_stride = row_stride;
        launch.q_offset = 0;
        launch.k_offset = width + 2;
        launch.v_offset = 2 * (width + 2);
        launch.o = o.as<void>();
        launch.o_stride = o_stride;
        launch.slot = slot.data();
        launch.token_begin = is_ragged ? first.data() : nullptr;
        launch.position = position.data();
        launch.sigma = sigma.data();
        launch.turns = turns.empty() ? nullptr : turns.data();
        launch.state = state.as<char>() + case_layer * spec.heads * head_elements * (int64_t)element_bytes(spec.state_dtype);
        launch.slot_stride = slot_elements;
        launch.head_stride = head_elements;
        launch.rounding_seed = 77;
        launch.tail = tail.as<void>();
        launch.tail_slot_stride = spec.heads * tail_head_elements;
        launch.tail_head_stride = tail_head_elements;
        launch.tail_capacity = case_capacity;
        launch.tail_length = tail_length.data();
        launch.fold = fold.data();
    }
};

}  // namespace test
