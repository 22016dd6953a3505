/* What a step writes on its way: device memory for the widest step, and the pinned memory that its descriptor passes through. */
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
    float *logits(int turn) const { return memory_.at<float>(logits_[turn]); } /* [logits, N] of one step or the next */
    int32_t *drawn() const { return memory_.at<int32_t>(drawn_); }        /* [logits] of the last step that had any */
    void *gemm_workspace() const { return memory_.at(gemm_workspace_); }
    void *chunk_workspace() const { return memory_.at(chunk_workspace_); }
    char *descriptor() const { return memory_.at(descriptor_); }

    /* Where the next step's descriptor is written: waits until the one that lay there has been brought over. */
    ctn_status next_descriptor(char **pinned);

    /* Brings it to descriptor(). */
    ctn_status send_descriptor(int64_t bytes, Stream stream);

private:
    struct PinnedDescriptor {
        PinnedMemory memory;
        OwnedEvent sent;
    };

    /* Two steps with logits, and quiet ones before and between them. */
    static constexpr int descriptors = 4;

    const Dimensions &dimensions_;
    Carving carving_;
    int64_t residual_, normed_, projected_, mixed_, logits_[CTN_MOST_STEPS], drawn_, gemm_workspace_, chunk_workspace_, descriptor_;
    DeviceMemory memory_;
    PinnedDescriptor pinned_[descriptors];
    int last_ = 0;
};

}  // namespace ctn
