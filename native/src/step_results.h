/* What comes of the steps that want logits: their draws, and where their logits lie until the second such step after them begins. Two of
 * everything, in turn. */
#pragma once

#include "step_buffers.h"

namespace ctn {

class StepResults {
public:
    StepResults(const Dimensions &dimensions, const StepBuffers &buffers) : dimensions_(dimensions), buffers_(buffers) {}

    ctn_status take();

    /* Refuses another step where as many as there may be are under way. */
    ctn_status check_free() const;

    /* Which buffer of logits the next step has. */
    int turn() const { return (int)(begun_ % CTN_MOST_STEPS); }

    /* Rows of logits of the step that began last. */
    int last_logits() const { return begun_ == 0 ? 0 : steps_[(begun_ - 1) % CTN_MOST_STEPS].logits; }

    /* The step that has just been put on the stream is under way; put is the number of what it used last. */
    ctn_status begin(int logits, uint64_t put, Stream steps);

    /* Waits for the oldest. */
    ctn_status end(int32_t *drawn);

    /* Number of the last use that is known to be over. */
    uint64_t has_run() const { return has_run_; }

    /* Logits of the step that ended last. */
    ctn_status read_logits(int first, int count, float *logits);

private:
    struct Step {
        OwnedEvent has_run;
        PinnedMemory drawn;
        int logits = 0;
        uint64_t put = 0;
    };

    const Dimensions &dimensions_;
    const StepBuffers &buffers_;
    OwnedStream logits_stream_;
    Step steps_[CTN_MOST_STEPS];
    uint64_t begun_ = 0;
    uint64_t ended_ = 0;
    uint64_t has_run_ = 0;
};

}  // namespace ctn
