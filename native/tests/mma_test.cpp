/* mma.h: every way of loading a tile, multiplied. Small whole numbers, so that sums are exact in any order. */
#include "../src/mma.h"

#include "test.h"

namespace {

using namespace ctn;

constexpr int stride = 40;

void multiply_kernel(const uint16_t *left, const uint16_t *right, float *sums, bool is_left_transposed, bool is_right_transposed)
{
    CTN_SHARED(uint16_t, shared);
    for (int i = (int)threadIdx.x; i < 32 * stride; i += 32) {
        shared[i] = left[i];
        shared[32 * stride + i] = right[i];
    }
    __syncthreads();
    const Bf16Tile a = {shared, stride}, b = {shared + 32 * stride, stride};

    Sum sum = {};
    multiply_add(sum, is_left_transposed ? load_left_transposed(a, 16, 8) : load_left(a, 16, 8),
        is_right_transposed ? load_right_transposed(b, 8, 16) : load_right(b, 8, 16));
    const int lane = (int)threadIdx.x;
    for (int i = 0; i < 8; i++)
        sums[16 * sum_row(lane, i) + sum_column(lane, i)] = sum.value[i];

    /* The sum as an operand: times one. */
    __syncthreads();
    for (int i = lane; i < 32 * stride; i += 32)
        shared[i] = i / stride == i % stride ? 0x3f80 : 0;
    __syncthreads();
    Sum same = {};
    multiply_add(same, rounded(sum), load_right(a, 0, 0));
    for (int i = 0; i < 8; i++)
        sums[256 + 16 * sum_row(lane, i) + sum_column(lane, i)] = same.value[i];
}

float whole(uint32_t i) { return (float)(int)(i * 2654435761u >> 29) - 3; }

TEST(Mma_EveryWayToLoad_IsTheProduct)
{
    std::vector<uint16_t> left(32 * stride), right(32 * stride);
    for (uint32_t i = 0; i < 32 * stride; i++) {
        left[i] = to_bf16(whole(i));
        right[i] = to_bf16(whole(i + 7777));
    }
    for (int way = 0; way < 4; way++) {
        const bool turn_left = way & 1, turn_right = way & 2;
        std::vector<float> sums(512, NAN);
        CHECK_OK(launch({"multiply", 1, 32, 2 * 32 * stride * 2}, nullptr, multiply_kernel, left.data(), right.data(), sums.data(), turn_left, turn_right));
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < 16; j++) {
                float expected = 0;
                for (int k = 0; k < 16; k++)
                    expected += from_bf16(left[turn_left ? (16 + k) * stride + 8 + i : (16 + i) * stride + 8 + k]) *
                        from_bf16(right[turn_right ? (8 + j) * stride + 16 + k : (8 + k) * stride + 16 + j]);
                CHECK(sums[16 * i + j] == expected, "%g, not %g, at (%d, %d), way %d", sums[16 * i + j], expected, i, j, way);
                CHECK(sums[256 + 16 * i + j] == from_bf16(to_bf16(expected)), "%g, not %g, at (%d, %d)", sums[256 + 16 * i + j], expected, i, j);
            }
    }
}

TEST(Mma_PackedPair_HasTheFirstLow)
{
    const uint32_t pair = pack_bf16(1.0f, -2.5f);

    CHECK(low_bf16(pair) == 1.0f && high_bf16(pair) == -2.5f, "%08x", pair);
}

}  // namespace

TEST_MAIN
