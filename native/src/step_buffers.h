/* What a step writes on its way: device memory for the widest step, and the pinned memory that its descriptor and its draws pass through. */
#pragma once

#include "checked_size.h"
#include "dimensions.h"
#include "owned.h"

namespace ctn {

class StepBuffers {
public:
    /* Extra bytes that the products and ctn_chunk work in. */
    StepBuffers(const Dimensions &dimensions, int64_t gemm_bytes, int64_t chunk_bytes);

    const CheckedSize &bytes() const { return carving_.bytes(); }
    ctn_status take(Stream stream);

    float *residual() const { return memory_.at<float>(residual_); }      /* [tokens, D] */
    void *normed() const { return memory_.at(normed_); }                  /* [tokens, D] of the weights' type; at the end [logits, D] */
    void *projected() const { return memory_.at(projected_); }            /* [tokens, 3D + M] */
    void *mixed() const { return memory_.at(mixed_); }                    /* [tokens, D + M]: o, then the activation */
    float *logits() const { return memory_.at<float>(logits_); }          /* [logits, N] */
    int32_t *drawn() const { return memory_.at<int32_t>(drawn_); }        /* [logits] */
    void *gemm_workspace() const { return memory_.at(gemm_workspace_); }
    void *chunk_workspace() const { return memory_.at(chunk_workspace_); }
    char *descriptor() const { return memory_.at(descriptor_); }

    /* Of two, the one that no copy may still be reading. */
    char *next_pinned_descriptor()
    {
        turn_ = 1 - turn_;
        return pinned_descriptors_[turn_].at(0);
    }
    int32_t *pinned_drawn() const { return pinned_drawn_.at<int32_t>(0); }

private:
    const Dimensions &dimensions_;
    Carving carving_;
    int64_t residual_, normed_, projected_, mixed_, logits_, drawn_, gemm_workspace_, chunk_workspace_, descriptor_;
    DeviceMemory memory_;
    PinnedMemory pinned_descriptors_[2];
    PinnedMemory pinned_drawn_;
    int turn_ = 0;
};

}  // namespace ctn
