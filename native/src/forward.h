/* The kernels of a step in their order, put on a stream: for a step at once, or into a graph that is being recorded. */
#pragma once

#include "arena.h"
#include "buckets.h"
#include "descriptor.h"
#include "gemm.h"
#include "step_buffers.h"
#include "weights.h"

namespace ctn {

class Forward {
public:
    Forward(const Dimensions &dimensions, const Buckets &token_buckets, const Buckets &logits_buckets, const Weights &weights,
        const Arena &arena, const StepBuffers &buffers);

    /* Finds the products' library and their algorithms. */
    ctn_status open();

    /* The descriptor lies in the buffers when the stream comes here. Rows of logits go to that one of the buffers. */
    ctn_status enqueue(const StepShape &shape, const DescriptorLayout &layout, int logits, Stream stream);

    /* Device memory for ctn_chunk in the widest step; CTN_UNSUPPORTED where it does not serve the model. */
    static ctn_status chunk_workspace_bytes(const Dimensions &dimensions, int64_t *bytes);

private:
    ctn_status fold(const StepShape &shape, const DescriptorLayout &layout, Stream stream) const;
    ctn_status run_layer(int layer, const StepShape &shape, const DescriptorLayout &layout, Stream stream);
    ctn_status mix(int layer, const StepShape &shape, const DescriptorLayout &layout, Stream stream) const;
    ctn_status finish(const StepShape &shape, const DescriptorLayout &layout, float *logits, Stream stream);
    ctn_recurrent launch(int layer, int rows, const RowArrays &arrays, int most_tokens) const;

    const Dimensions &dimensions_;
    const Buckets &token_buckets_;
    const Buckets &logits_buckets_;
    const Weights &weights_;
    const Arena &arena_;
    const StepBuffers &buffers_;
    Gemm gemm_;
};

}  // namespace ctn
