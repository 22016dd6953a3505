/* The emulation itself: that it runs kernels as a GPU would, and that it finds what it promises to find. */
#include "../emulation/streams.h"
#include "../src/owned.h"
#include "../src/vectors.h"

#include "test.h"

#include <cmath>

namespace {

using ctn::emulation::Order;

constexpr Order all_orders[] = {Order::Forward, Order::Reverse, Order::Random, Order::GreedyFirstWarp, Order::GreedyLastWarp};

constexpr int threads = 128;

/* sums[block] = the sum of the block's 128 values, over warps and then over shared memory. */
void sum_kernel(const float *values, float *sums, bool with_barrier)
{
    CTN_SHARED(float, partial);
    const float sum = ctn::warp_sum(values[blockIdx.x * blockDim.x + threadIdx.x]);
    if (threadIdx.x % 32 == 0)
        partial[threadIdx.x / 32] = sum;
    if (with_barrier)
        __syncthreads();
    if (threadIdx.x == 37)
        sums[blockIdx.x] = partial[0] + partial[1] + partial[2] + partial[3];
}

ctn_status run_sum(bool with_barrier, float (&sums)[3])
{
    std::vector<float> values(3 * threads);
    for (size_t i = 0; i < values.size(); i++)
        values[i] = (float)i;
    return ctn::launch({"sum", 3, threads, 4 * sizeof(float)}, nullptr, sum_kernel, values.data(), sums, with_barrier);
}

TEST(Block_SumWithBarrier_IsRightInEveryOrder)
{
    for (const Order order : all_orders) {
        float sums[3] = {};
        ctn::emulation::set_order(order, 5);
        CHECK_OK(run_sum(true, sums));
        CHECK(sums[0] == 8128 && sums[1] == 24512 && sums[2] == 40896, "order %d: %g %g %g", (int)order, sums[0], sums[1], sums[2]);
    }
    ctn::emulation::set_order(Order::Forward);
}

TEST(Block_SumWithoutBarrier_IsFoundByAnOrder)
{
    int poisoned = 0;
    for (const Order order : all_orders) {
        float sums[3] = {};
        ctn::emulation::set_order(order);
        CHECK_OK(run_sum(false, sums));
        poisoned += std::isnan(sums[0]);
    }
    ctn::emulation::set_order(Order::Forward);

    CHECK(poisoned > 0, "no order read shared memory before it was written");
}

void expect_failure(ctn_status status, const char *part)
{
    CHECK(status == CTN_DEVICE_ERROR, "status %d", status);
    CHECK(std::strstr(ctn_last_message(), part) != nullptr, "message: %s", ctn_last_message());
}

void barrier_in_half_kernel()
{
    if (threadIdx.x < 64)
        __syncthreads();
    else
        ctn::warp_sum(threadIdx.x < 100 ? 1.0f : 2.0f);
}

void leaving_kernel()
{
    if (threadIdx.x == 3)
        return;
    __syncthreads();
}

void diverged_warp_kernel()
{
    if (threadIdx.x % 2 == 0)
        ctn::warp_sum(1.0f);
    else
        __syncwarp();
}

void partial_mask_kernel()
{
    __shfl_xor_sync(0xffffu, 1.0f, 1);
}

void overrun_kernel()
{
    CTN_SHARED(float, memory);
    memory[threadIdx.x] = 1;
}

TEST(Launch_FaultyBarriers_AreReported)
{
    expect_failure(ctn::launch({"half", 1, threads, 0}, nullptr, barrier_in_half_kernel), "64 of 128 threads wait at a barrier");
    expect_failure(ctn::launch({"leaving", 1, threads, 0}, nullptr, leaving_kernel), "1 have left");
    expect_failure(ctn::launch({"diverged", 1, threads, 0}, nullptr, diverged_warp_kernel), "different warp operations");
    expect_failure(ctn::launch({"partial", 1, threads, 0}, nullptr, partial_mask_kernel), "partial mask 0000ffff");
}

TEST(Launch_AfterAFailure_RunsAgain)
{
    float sums[3] = {};

    expect_failure(ctn::launch({"leaving", 1, threads, 0}, nullptr, leaving_kernel), "leaving, block 0");

    CHECK_OK(run_sum(true, sums));
    CHECK(sums[2] == 40896, "%g", sums[2]);
}

TEST(Launch_SharedMemoryTooShort_IsReported)
{
    CHECK_OK(ctn::launch({"overrun", 2, threads, threads * sizeof(float)}, nullptr, overrun_kernel));
    expect_failure(ctn::launch({"overrun", 2, threads, threads * sizeof(float) - 4}, nullptr, overrun_kernel), "508 bytes");
}

TEST(Launch_ImpossibleSize_IsRefused)
{
    CHECK_OK(ctn::launch({"none", 0, threads, 0}, nullptr, leaving_kernel));
    CHECK(ctn::launch({"odd", 1, 48, 0}, nullptr, leaving_kernel) == CTN_INVALID_ARGUMENT, "48 threads");
    CHECK(ctn::launch({"many", int64_t{1} << 31, 32, 0}, nullptr, leaving_kernel) == CTN_INVALID_ARGUMENT, "2^31 blocks");
}

void lanes_kernel(double *doubles, uint32_t *ballots, int *count)
{
    const int lane = (int)threadIdx.x % 32;
    doubles[threadIdx.x] = __shfl_sync(CTN_WARP, 1.5 * threadIdx.x, 31 - lane);
    ballots[threadIdx.x] = __ballot_sync(CTN_WARP, lane < 3);
    atomicAdd(count, 1);
    atomicMax(count + 1, (int)threadIdx.x);
}

TEST(Warp_Operations_MoveWhatTheyShould)
{
    double doubles[64];
    uint32_t ballots[64];
    int count[2] = {0, -1};

    CHECK_OK(ctn::launch({"lanes", 1, 64, 0}, nullptr, lanes_kernel, doubles, ballots, count));

    CHECK(doubles[0] == 1.5 * 31 && doubles[33] == 1.5 * 62, "%g %g", doubles[0], doubles[33]);
    CHECK(ballots[63] == 7, "%x", ballots[63]);
    CHECK(count[0] == 64 && count[1] == 63, "%d %d", count[0], count[1]);
}

TEST(Conversions_EveryHalf_SurvivesTheRoundTrip)
{
    for (uint32_t half = 0; half < 0x10000; half++) {
        const float as_f16 = ctn::from_f16((uint16_t)half);
        const float as_bf16 = ctn::from_bf16(half);
        if (!std::isnan(as_f16))
            CHECK(ctn::to_f16_toward_zero(as_f16) == half, "f16 %04x became %04x", half, ctn::to_f16_toward_zero(as_f16));
        if (!std::isnan(as_bf16))
            CHECK(ctn::to_bf16(as_bf16) == half, "bf16 %04x became %04x", half, ctn::to_bf16(as_bf16));
    }
    CHECK(ctn::from_f16(0x3555) == 0.333251953125f && ctn::from_f16(1) == std::ldexp(1.0f, -24), "f16 values");
    CHECK(ctn::to_f16_toward_zero(2049.0f) == 0x6800 && ctn::to_f16_toward_zero(-1e9f) == 0xfbff, "towards zero");
    CHECK(ctn::to_bf16(1.00390625f) == 0x3f80 && ctn::to_bf16(1.01171875f) == 0x3f82, "ties go to even");
}

/* A late stream, and memory of every kind. */
class LateCopies {
public:
    LateCopies()
    {
        ctn::emulation::set_pace(ctn::emulation::Pace::Late);
        CHECK_OK(ctn::create_stream(stream.out()));
        ctn::emulation::set_pace(ctn::emulation::Pace::Now);
        CHECK_OK(device.take(64, "the test"));
        CHECK_OK(pinned.take(64, "the test"));
        std::memset(pinned.get(), 1, 64);
    }

    ctn::OwnedStream stream;
    ctn::DeviceMemory device;
    ctn::PinnedMemory pinned;
};

TEST(LateCopy_PinnedMemoryWrittenBeforeItRan_IsReported)
{
    for (const int place : {0, 8, 39, 40, 63}) {
        LateCopies late;
        CHECK_OK(ctn::copy(late.device.get(), late.pinned.at(8), 32, late.stream.get()));
        *late.pinned.at(place) = 2;
        if (place >= 8 && place < 40)
            expect_failure(ctn::synchronize(late.stream.get()), "earlier work of the stream has failed");
        else
            CHECK_OK(ctn::synchronize(late.stream.get()));
    }
}

TEST(LateCopy_IntoPinnedMemory_IsNotThereBeforeItRan)
{
    LateCopies late;
    CHECK_OK(ctn::copy(late.device.get(), late.pinned.get(), 64, late.stream.get()));
    CHECK_OK(ctn::synchronize(late.stream.get()));
    CHECK_OK(ctn::copy(late.pinned.at(8), late.device.get(), 8, late.stream.get()));
    CHECK(*late.pinned.at(7) == 1 && *late.pinned.at(8) != 1 && *late.pinned.at(16) == 1, "what a copy is to write can be read");
    CHECK_OK(ctn::synchronize(late.stream.get()));
    CHECK(*late.pinned.at(8) == 1, "the copy has not run");
}

}  // namespace

TEST_MAIN
