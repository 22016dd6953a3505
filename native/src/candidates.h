/* The candidates of a draw in a row of logits: what sample.cu searches. One block a row; every function here is called by all of a
 * block's threads and gives all of them the same answer. */
#pragma once

#include "vectors.h"

namespace ctn {

template <class T>
CTN_DEVICE T larger(T a, T b) { return a > b ? a : b; }

template <class T>
CTN_DEVICE T smaller(T a, T b) { return a < b ? a : b; }

/* Logits by size, equal ones by id, the lowest first: larger is better, and no two ids have the same rank. */
CTN_DEVICE uint64_t rank_of(float logit, int id)
{
    const uint32_t bits = __float_as_uint(logit == 0 ? 0.0f : logit);
    const uint32_t ordered = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
    return (uint64_t)ordered << 32 | (uint32_t)~id;
}

CTN_DEVICE int id_of(uint64_t rank) { return (int)~(uint32_t)rank; }

CTN_DEVICE float logit_of(uint64_t rank)
{
    const auto ordered = (uint32_t)(rank >> 32);
    return __uint_as_float((ordered & 0x80000000u) != 0 ? ordered & 0x7fffffffu : ~ordered);
}

/* How many candidates are at or above a rank, and their weights' sum. */
struct Tally {
    int count;
    double mass;
};

/* Thresholds that one pass over the row looks at. */
constexpr int thresholds_of_pass = 4;

/* A band of so few candidates is copied out. */
constexpr int band_room = 1024;

/* In shared memory, 16-byte aligned. */
struct DrawScratch {
    uint64_t band[band_room];
    Tally partial[32][thresholds_of_pass];
    uint64_t ranks[32];
    double sums[32];
    int band_count;
};

struct Row {
    const float *logits;
    int live;
    double max;    /* the largest logit */
    double scale;  /* 1 / temperature */

    __device__ __forceinline__ double weight(float logit) const { return exp(((double)logit - max) * scale); }
};

template <class T>
CTN_DEVICE T warp_total(T value)
{
#pragma unroll
    for (int lanes = 16; lanes >= 1; lanes >>= 1)
        value += __shfl_xor_sync(CTN_WARP, value, lanes);
    return value;
}

/* Adds up each thread's tallies over the block. */
CTN_DEVICE void total(Tally (&tallies)[thresholds_of_pass], DrawScratch &scratch)
{
    for (Tally &tally : tallies) {
        tally.count = warp_total(tally.count);
        tally.mass = warp_total(tally.mass);
    }
    if (threadIdx.x % 32 == 0)
        for (int i = 0; i < thresholds_of_pass; i++)
            scratch.partial[threadIdx.x / 32][i] = tallies[i];
    __syncthreads();
    for (int i = 0; i < thresholds_of_pass; i++) {
        tallies[i] = {0, 0};
        for (unsigned warp = 0; warp < blockDim.x / 32; warp++) {
            tallies[i].count += scratch.partial[warp][i].count;
            tallies[i].mass += scratch.partial[warp][i].mass;
        }
    }
    __syncthreads();
}

/* Candidates between two ranks: at and above low there are enough, at and above high there are not. */
struct Band {
    uint64_t low, high;
    Tally at_low, at_high;

    __device__ __forceinline__ int count() const { return at_low.count - at_high.count; }
};

CTN_DEVICE void count_rank(
    const Row &row, uint64_t rank, const Band &band, const uint64_t (&thresholds)[thresholds_of_pass], Tally (&tallies)[thresholds_of_pass])
{
    if (rank < thresholds[0] || rank >= band.high)
        return;
    const double weight = row.weight(logit_of(rank));
    for (int i = 0; i < thresholds_of_pass; i++)
        if (rank >= thresholds[i]) {
            tallies[i].count++;
            tallies[i].mass += weight;
        }
}

/* Copies the band out where it is small enough; whether it was. The order is left to chance, so sums of it differ by rounding. */
CTN_DEVICE bool copy_band(const Row &row, const Band &band, DrawScratch &scratch)
{
    if (band.count() > band_room)
        return false;
    if (threadIdx.x == 0)
        scratch.band_count = 0;
    __syncthreads();
    for (int i = (int)threadIdx.x; i < row.live; i += (int)blockDim.x) {
        const uint64_t rank = rank_of(row.logits[i], i);
        if (rank >= band.low && rank < band.high)
            scratch.band[atomicAdd(&scratch.band_count, 1)] = rank;
    }
    __syncthreads();
    return true;
}

/* One pass: what lies at and above each threshold, of which the lowest is the first. */
CTN_DEVICE void tally(const Row &row, const Band &band, bool is_copied, const uint64_t (&thresholds)[thresholds_of_pass],
    Tally (&tallies)[thresholds_of_pass], DrawScratch &scratch)
{
    for (Tally &own : tallies)
        own = {0, 0};
    const int count = is_copied ? scratch.band_count : row.live;
    for (int i = (int)threadIdx.x; i < count; i += (int)blockDim.x)
        count_rank(row, is_copied ? scratch.band[i] : rank_of(row.logits[i], i), band, thresholds, tallies);
    total(tallies, scratch);
    for (Tally &own : tallies) {
        own.count += band.at_high.count;
        own.mass += band.at_high.mass;
    }
}

/* Narrows a band down to the one candidate at which the count, or the mass, comes up to what is wanted. */
template <class Enough>
CTN_DEVICE Band narrow(const Row &row, Band band, Enough enough, DrawScratch &scratch)
{
    bool is_copied = false;
    while (band.count() > 1) {
        is_copied = is_copied || copy_band(row, band, scratch);
        const uint64_t step = larger((uint64_t)1, (band.high - band.low) / (thresholds_of_pass + 1));
        uint64_t thresholds[thresholds_of_pass];
        for (int i = 0; i < thresholds_of_pass; i++)
            thresholds[i] = smaller(band.high, band.low + step * (uint64_t)(i + 1));
        Tally tallies[thresholds_of_pass];
        tally(row, band, is_copied, thresholds, tallies, scratch);
        for (int i = thresholds_of_pass - 1; i >= 0; i--) {
            if (enough(tallies[i])) {
                band.low = thresholds[i];
                band.at_low = tallies[i];
                break;
            }
            band.high = thresholds[i];
            band.at_high = tallies[i];
        }
    }
    return band;
}

}  // namespace ctn
