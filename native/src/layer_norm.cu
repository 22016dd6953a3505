#include "step_kernels.h"

#include "vectors.h"

namespace ctn {

namespace {

constexpr int most_warps = 32;

/* The sum over a block, the same bits on every thread. partial [warps] is not used again before the block has met. */
CTN_DEVICE float block_sum(float value, float *partial)
{
    const float sum = warp_sum(value);
    if (threadIdx.x % 32 == 0)
        partial[threadIdx.x / 32] = sum;
    __syncthreads();
    float total = 0;
    for (unsigned warp = 0; warp < blockDim.x / 32; warp++)
        total += partial[warp];
    return total;
}

/* One block a row. The variance is of the differences to the mean, which loses less than the mean of squares does. */
template <class Rows>
__global__ void layer_norm_kernel(const float *x, const int32_t *gather, int width, const float *weight, const float *bias, float epsilon,
    typename Rows::Element *y)
{
    CTN_SHARED(float, partial);
    const int first = (int)threadIdx.x;
    const int stride = (int)blockDim.x;
    const float *const row = x + (gather == nullptr ? (int64_t)blockIdx.x : gather[blockIdx.x]) * width;
    typename Rows::Element *const to = y + (int64_t)blockIdx.x * width;

    float sum = 0;
    for (int i = first; i < width; i += stride)
        sum += row[i];
    const float mean = block_sum(sum, partial) / (float)width;

    float squares = 0;
    for (int i = first; i < width; i += stride)
        squares = fmaf(row[i] - mean, row[i] - mean, squares);
    const float variance = block_sum(squares, partial + most_warps) / (float)width;
    const float scale = 1.0f / sqrtf(variance + epsilon);

    for (int i = first; i < width; i += stride)
        Rows::store(to, i, fmaf((row[i] - mean) * scale, weight[i], bias[i]));
}

}  // namespace

ctn_status layer_norm(const LayerNorm &norm, Stream stream)
{
    const int threads = norm.width <= 128 ? 32 : norm.width <= 512 ? 128 : 256;
    const LaunchSize size = {"layer_norm", norm.rows, threads, 2 * most_warps * sizeof(float)};
    if (norm.type == CTN_BF16)
        return launch(size, stream, layer_norm_kernel<RowsBf16>, norm.x, norm.gather, norm.width, norm.weight, norm.bias, norm.epsilon,
            static_cast<uint16_t *>(norm.y));
    return launch(size, stream, layer_norm_kernel<RowsF32>, norm.x, norm.gather, norm.width, norm.weight, norm.bias, norm.epsilon,
        static_cast<float *>(norm.y));
}

}  // namespace ctn
