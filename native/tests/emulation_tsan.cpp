/* Warp operations and barriers as OS threads: ThreadSanitizer has nothing to say where they are, and stops where one is missing. */
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

/* The second barrier is missing: a warp may write its part while thread 0 still reads the last sums. */
void race_kernel(float *sums)
{
    CTN_SHARED(float, partial);
    for (int i = 0; i < 2; i++) {
        partial[threadIdx.x] = (float)i;
        __syncthreads();
        if (threadIdx.x == 0)
            sums[i] = partial[1] + partial[63];
    }
}

TEST(Threads_MissingBarrier_IsReported)
{
    CHECK(std::system("/proc/self/exe --race >/dev/null 2>&1") != 0, "ThreadSanitizer did not stop a process with a race");
}

}  // namespace

int main(int argc, char **argv)
{
    if (argc < 2 || std::strcmp(argv[1], "--race") != 0)
        return test::run(argc, argv);
    float sums[2];
    return ctn::launch({"race", 1, 64, 64 * sizeof(float)}, nullptr, race_kernel, sums);
}
