/* Draws on the device. The token is that of Cottention.Inference's Sampler: top_k, temperature and softmax, top_p, min_p, then one
 * uniform draw over what is left, in the order of ids. Weights and sums here differ from the Sampler's by rounding, so a draw is
 * answered only where it lies further from every other answer than all rounding together. */
#include "step_kernels.h"

#include "candidates.h"

namespace ctn {

namespace {

/* Largest error of a weight, as a fraction of it: the Sampler's and ours together are below 1e-14. */
constexpr double weight_error = 1e-12;

/* Largest error of a sum of weights, as a fraction of all: n additions in turn lose at most n 2^-53, here and there. */
CTN_DEVICE double sum_error(int live) { return 2.3e-16 * (double)larger(live, 1000000); }

/* What the cuts leave: ranks from least_rank on, weights from least_weight on. */
struct Kept {
    uint64_t least_rank;
    double least_weight;
};

/* The best rank, and whether the row holds NaN or +infinity. */
CTN_DEVICE uint64_t best_rank(const float *logits, int live, bool *is_sound, DrawScratch &scratch)
{
    uint64_t best = 0;
    int bad = 0;
    for (int i = (int)threadIdx.x; i < live; i += (int)blockDim.x) {
        /* False for NaN too. */
        if (!(logits[i] <= 3.402823466e38f))
            bad = 1;
        else
            best = larger(best, rank_of(logits[i], i));
    }
#pragma unroll
    for (int lanes = 16; lanes >= 1; lanes >>= 1)
        best = larger(best, __shfl_xor_sync(CTN_WARP, best, lanes));
    /* A rank holds no 0: a warp that saw a bad value says so with it. */
    const bool is_bad = __ballot_sync(CTN_WARP, bad != 0) != 0;
    if (threadIdx.x % 32 == 0) {
        scratch.ranks[threadIdx.x / 32] = best;
        scratch.sums[threadIdx.x / 32] = is_bad ? 1 : 0;
    }
    __syncthreads();
    *is_sound = true;
    for (unsigned warp = 0; warp < blockDim.x / 32; warp++) {
        best = larger(best, scratch.ranks[warp]);
        *is_sound = *is_sound && scratch.sums[warp] == 0;
    }
    __syncthreads();
    return best;
}

CTN_DEVICE Tally everything(const Row &row, uint64_t best, DrawScratch &scratch)
{
    const Band band = {0, best + 1, {row.live, 0}, {0, 0}};
    const uint64_t thresholds[thresholds_of_pass] = {0, best + 1, best + 1, best + 1};
    Tally tallies[thresholds_of_pass];
    tally(row, band, false, thresholds, tallies, scratch);
    return tallies[0];
}

/* Narrows kept down to the top_p most probable; false where the cut is too close to call. */
CTN_DEVICE bool keep_nucleus(const Row &row, double top_p, Band *kept, DrawScratch &scratch)
{
    const double margin = sum_error(row.live) * kept->at_low.mass;
    const double target = top_p * kept->at_low.mass;
    const Band cut = narrow(row, *kept, [target](const Tally &tally) { return tally.mass >= target; }, scratch);
    kept->low = cut.low;
    kept->at_low = cut.at_low;
    return cut.at_low.mass - target > margin && (cut.at_high.count == 0 || target - cut.at_high.mass > margin);
}

/* The candidate's weight, 0 where it was cut. *is_close is set where min_p's cut is too close to call. */
CTN_DEVICE double kept_weight(const Row &row, const Kept &kept, int id, bool *is_close)
{
    const float logit = row.logits[id];
    if (rank_of(logit, id) < kept.least_rank)
        return 0;
    /* The best ones weigh exactly 1, here and there. */
    if ((double)logit == row.max)
        return 1;
    const double weight = row.weight(logit);
    const double slack = 4 * weight_error * kept.least_weight;
    if (kept.least_weight > 0 && weight >= kept.least_weight - slack && weight <= kept.least_weight + slack)
        *is_close = true;
    return weight >= kept.least_weight ? weight : 0;
}

/* The first token of a warp's ids at which the running sum passes the target, if no error can make it another. One whole warp. */
CTN_DEVICE int find_in_warp(const Row &row, const Kept &kept, int begin, int end, double sum, double target, double margin)
{
    const int lane = (int)(threadIdx.x % 32);
    bool is_close = false;
    for (int chunk = begin; chunk < end; chunk += 32) {
        const double weight = chunk + lane < end ? kept_weight(row, kept, chunk + lane, &is_close) : 0;
        const double of_chunk = warp_total(weight);
        if (sum + of_chunk <= target) {
            sum += of_chunk;
            continue;
        }
        for (int i = 0; i < 32; i++) {
            const double next = sum + __shfl_sync(CTN_WARP, weight, i);
            if (next > target)
                return next - target > margin && target - sum > margin ? chunk + i : CTN_UNDECIDED;
            sum = next;
        }
        return CTN_UNDECIDED;
    }
    return CTN_UNDECIDED;
}

/* Draws from what is kept. Each warp has a run of ids that follow each other, so that sums go in the order of ids. */
CTN_DEVICE void pick(const Row &row, const Kept &kept, double uniform, int32_t *drawn, DrawScratch &scratch)
{
    const int warp = (int)(threadIdx.x / 32);
    const int warps = (int)(blockDim.x / 32);
    const int run = (row.live + warps - 1) / warps;
    const int begin = smaller(row.live, warp * run);
    const int end = smaller(row.live, begin + run);

    double own = 0;
    bool is_close = false;
    for (int i = begin + (int)(threadIdx.x % 32); i < end; i += 32)
        own += kept_weight(row, kept, i, &is_close);
    own = warp_total(own);
    const bool is_any_close = __ballot_sync(CTN_WARP, is_close) != 0;
    if (threadIdx.x % 32 == 0) {
        scratch.sums[warp] = own;
        scratch.ranks[warp] = is_any_close ? 1 : 0;
    }
    __syncthreads();

    double total_weight = 0;
    bool is_decided = true;
    for (int i = 0; i < warps; i++) {
        total_weight += scratch.sums[i];
        is_decided = is_decided && scratch.ranks[i] == 0;
    }
    const double target = uniform * total_weight;
    double sum = 0;
    int found = 0;
    while (found < warps && sum + scratch.sums[found] <= target)
        sum += scratch.sums[found++];
    if (!is_decided || found == warps) {
        if (threadIdx.x == 0)
            *drawn = CTN_UNDECIDED;
    } else if (warp == found) {
        const int id = find_in_warp(row, kept, begin, end, sum, target, sum_error(row.live) * total_weight);
        if (threadIdx.x % 32 == 0)
            *drawn = id;
    }
}

/* At most 64 registers a thread, so that a block of 1024 fits a multiprocessor. */
__global__ void __launch_bounds__(1024) draw_kernel(const float *logits, int vocabulary, const ctn_draw *draws, int32_t *drawn)
{
    CTN_SHARED(DrawScratch, scratch);
    const ctn_draw draw = draws[blockIdx.x];
    int32_t *const answer = drawn + blockIdx.x;
    if (threadIdx.x == 0)
        *answer = CTN_UNDECIDED;
    if (draw.wanted == 0)
        return;
    Row row = {logits + (int64_t)blockIdx.x * vocabulary, draw.live, 0, 0};
    bool is_sound;
    const uint64_t best = best_rank(row.logits, row.live, &is_sound, *scratch);
    if (!is_sound || !(logit_of(best) >= -3.402823466e38f))
        return;
    if (draw.temperature == 0) {
        if (threadIdx.x == 0)
            *answer = id_of(best);
        return;
    }

    row.max = (double)logit_of(best);
    row.scale = 1.0 / (double)draw.temperature;
    Band kept = {0, best + 1, everything(row, best, *scratch), {0, 0}};
    if (draw.top_k > 0 && draw.top_k < row.live) {
        const int count = draw.top_k;
        const Band cut = narrow(row, kept, [count](const Tally &tally) { return tally.count >= count; }, *scratch);
        kept.low = cut.low;
        kept.at_low = cut.at_low;
    }
    if (draw.top_p < 1 && !keep_nucleus(row, draw.top_p, &kept, *scratch))
        return;
    pick(row, {kept.low, draw.min_p}, draw.uniform, answer, *scratch);
}

}  // namespace

ctn_status draw(const float *logits, int64_t rows, int vocabulary, const ctn_draw *draws, int32_t *drawn, int threads, Stream stream)
{
    return launch({"draw", rows, threads, sizeof(DrawScratch)}, stream, draw_kernel, logits, vocabulary, draws, drawn);
}

ctn_status draw(const float *logits, int64_t rows, int vocabulary, const ctn_draw *draws, int32_t *drawn, Stream stream)
{
    return draw(logits, rows, vocabulary, draws, drawn, vocabulary >= 16384 ? 1024 : vocabulary >= 2048 ? 256 : 32, stream);
}

}  // namespace ctn
