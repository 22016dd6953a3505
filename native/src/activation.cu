#include "step_kernels.h"

#include "vectors.h"

namespace ctn {

namespace {

constexpr int threads = 128;

/* Hendrycks, Gimpel, arXiv 1606.08415, in the tanh form that GPT-J calls gelu_new. */
CTN_DEVICE float gelu(float x)
{
    constexpr float sqrt_2_over_pi = 0.79788456080286535588f;
    const float cube = x * x * x;
    return 0.5f * x * (1.0f + tanhf(sqrt_2_over_pi * fmaf(0.044715f, cube, x)));
}

/* A thread does a pair; where rows have an odd number of values, or lie at odd places, half of one. */
template <class Rows, bool InPairs>
__global__ void activation_kernel(const typename Rows::Element *x, int64_t x_stride, const float *bias, typename Rows::Element *y,
    int64_t y_stride, int width, int blocks_of_row)
{
    const int64_t row = blockIdx.x / blocks_of_row;
    const int i = (int)(blockIdx.x % blocks_of_row * threads + threadIdx.x) * (InPairs ? 2 : 1);
    if (i >= width)
        return;
    const typename Rows::Element *const from = x + row * x_stride;
    typename Rows::Element *const to = y + row * y_stride;
    if constexpr (InPairs) {
        const float2 pair = Rows::load2(from, i);
        Rows::store2(to, i, float2{gelu(pair.x + bias[i]), gelu(pair.y + bias[i + 1])});
    } else {
        Rows::store(to, i, gelu(Rows::load(from, i) + bias[i]));
    }
}

template <class Rows, bool InPairs>
ctn_status start(const Activation &a, Stream stream)
{
    const int in_row = InPairs ? a.width / 2 : a.width;
    const int blocks_of_row = (in_row + threads - 1) / threads;
    using Element = typename Rows::Element;
    return launch({"activation", a.rows * blocks_of_row, threads, 0}, stream, activation_kernel<Rows, InPairs>,
        static_cast<const Element *>(a.x), a.x_stride, a.bias, static_cast<Element *>(a.y), a.y_stride, a.width, blocks_of_row);
}

}  // namespace

ctn_status activate(const Activation &a, Stream stream)
{
    const auto bytes = (uintptr_t)(a.type == CTN_BF16 ? 4 : 8);
    const bool in_pairs = a.width % 2 == 0 && a.x_stride % 2 == 0 && a.y_stride % 2 == 0 &&
        (reinterpret_cast<uintptr_t>(a.x) | reinterpret_cast<uintptr_t>(a.y)) % bytes == 0;
    if (a.type == CTN_BF16)
        return in_pairs ? start<RowsBf16, true>(a, stream) : start<RowsBf16, false>(a, stream);
    return in_pairs ? start<RowsF32, true>(a, stream) : start<RowsF32, false>(a, stream);
}

}  // namespace ctn
