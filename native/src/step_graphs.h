/* Recorded steps: a graph for each bucket of tokens, in rows of up to short_row_tokens, and each of the two buffers of logits. */
#pragma once

#include "forward.h"
#include "step_plan.h"

#include <memory>

namespace ctn {

class StepGraphs {
public:
    /* Runs each shape once with padding alone, and records it; also those that are not recorded. A driver loads a kernel when it is first
     * started: that takes memory of the device and may wait for all of it, so no step is to be the first. */
    ctn_status record(const Buckets &token_buckets, const StepPlan &plan, StepBuffers &buffers, Forward &forward, Stream stream);

    ctn_status launch(int tokens, const Buckets &token_buckets, int logits, Stream stream) const;

private:
    ctn_status run_padding(const StepShape &shape, StepBuffers &buffers, Forward &forward, Stream stream) const;
    ctn_status record_shape(const StepShape &shape, Forward &forward, Stream stream);

    /* By buffer, by bucket. */
    std::vector<std::unique_ptr<OwnedGraph>> graphs_[CTN_MOST_STEPS];
};

}  // namespace ctn
