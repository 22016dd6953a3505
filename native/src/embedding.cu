#include "step_kernels.h"

#include "vectors.h"

namespace ctn {

namespace {

template <class Rows>
__global__ void embed_kernel(
    const int32_t *tokens, const int32_t *drawn, int width, const typename Rows::Element *table, float *residual)
{
    int token = tokens[blockIdx.x];
    if (token < 0) {
        const int draw = drawn[~token];
        token = draw < 0 ? 0 : draw;
    }
    const typename Rows::Element *const row = table + (int64_t)token * width;
    float *const to = residual + (int64_t)blockIdx.x * width;
    for (int i = (int)threadIdx.x; i < width; i += (int)blockDim.x)
        to[i] = Rows::load(row, i);
}

}  // namespace

ctn_status embed(const int32_t *tokens, const int32_t *drawn, int64_t count, int width, const void *table, ctn_dtype type, float *residual,
    Stream stream)
{
    const LaunchSize size = {"embed", count, width <= 128 ? 32 : 128, 0};
    if (type == CTN_BF16)
        return launch(size, stream, embed_kernel<RowsBf16>, tokens, drawn, width, static_cast<const uint16_t *>(table), residual);
    return launch(size, stream, embed_kernel<RowsF32>, tokens, drawn, width, static_cast<const float *>(table), residual);
}

}  // namespace ctn
