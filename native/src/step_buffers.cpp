#include "step_buffers.h"

#include "descriptor.h"

namespace ctn {

StepBuffers::StepBuffers(const Dimensions &dimensions, int64_t gemm_bytes, int64_t chunk_bytes) : dimensions_(dimensions)
{
    const CheckedSize tokens = dimensions.max_tokens;
    const CheckedSize value = dimensions.weight_size();
    residual_ = carving_.piece(tokens * dimensions.model() * (int64_t)sizeof(float));
    normed_ = carving_.piece(tokens * dimensions.model() * value);
    projected_ = carving_.piece(tokens * dimensions.projected() * value);
    mixed_ = carving_.piece(tokens * dimensions.mixed() * value);
    for (int64_t &logits : logits_)
        logits = carving_.piece(CheckedSize(dimensions.max_rows) * dimensions.vocabulary * (int64_t)sizeof(float));
    drawn_ = carving_.piece(CheckedSize(dimensions.max_rows) * (int64_t)sizeof(int32_t));
    gemm_workspace_ = carving_.piece(gemm_bytes);
    chunk_workspace_ = carving_.piece(chunk_bytes);
    descriptor_ = carving_.piece(most_descriptor_bytes(dimensions));
}

ctn_status StepBuffers::take(Stream stream)
{
    CTN_TRY(memory_.take(bytes().value(), "the buffers of a step"));
    for (PinnedDescriptor &pinned : pinned_) {
        CTN_TRY(pinned.memory.take(most_descriptor_bytes(dimensions_), "the descriptor of a step"));
        CTN_TRY(create_event(pinned.sent.out()));
    }
    /* Tokens of padding are multiplied too: what they find in place of a row's output is at least a number. */
    return set_bytes(memory_.get(), 0, (size_t)bytes().value(), stream);
}

ctn_status StepBuffers::next_descriptor(char **pinned)
{
    last_ = (last_ + 1) % descriptors;
    CTN_TRY(synchronize_event(pinned_[last_].sent.get()));
    *pinned = pinned_[last_].memory.at(0);
    return CTN_OK;
}

ctn_status StepBuffers::send_descriptor(int64_t bytes, Stream stream)
{
    CTN_TRY(copy(descriptor(), pinned_[last_].memory.get(), (size_t)bytes, stream));
    return record(pinned_[last_].sent.get(), stream);
}

}  // namespace ctn
