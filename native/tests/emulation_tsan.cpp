/* Warp operations and barriers as OS threads: ThreadSanitizer has nothing to say of them. */
#include "../src/vectors.h"

#include "test.h"

namespace {

void two_barriers_kernel(const float *values, float *sums)
{
    CTN_SHARED(float, partial);
    for (int i = 0; i < 2; i++) {
        const float sum = ctn::warp_sum(values[threadIdx.x] + (float)i);
        if (threadIdx.x % 32 == 0)
            partial[threadIdx.x / 32] = sum;
        __syncthreads();
        if (threadIdx.x == 0)
            sums[2 * blockIdx.x + i] = partial[0] + partial[1];
        __syncthreads();
    }
}

TEST(Threads_BarriersAndShuffles_AreInOrder)
{
    float values[64];
    float sums[6];
    for (int i = 0; i < 64; i++)
        values[i] = (float)i;

    CHECK_OK(ctn::launch({"two_barriers", 3, 64, 2 * sizeof(float)}, nullptr, two_barriers_kernel, values, sums));

    for (int i = 0; i < 6; i++)
        CHECK(sums[i] == 2016 + 64 * (i % 2), "%g at %d", sums[i], i);
}

}  // namespace

TEST_MAIN
