/* Recorded steps: a graph for each bucket of tokens, in rows of up to short_row_tokens, and each of the two buffers of logits. */
#pragma once

#include "forward.h"
#include "step_plan.h"

#include <memory>

namespace ctn {

class StepGraphs {
public:
    /* Runs each shape once with padding alone, which loads what it needs, and records it. */
    ctn_status record(const Buckets &token_buckets, const StepPlan &plan, StepBuffers &buffers, Forward &forward, Stream stream);

    ctn_status launch(int tokens, const Buckets &token_buckets, int logits, Stream stream) const;

private:
    /* By buffer, by bucket. */
    std::vector<std::unique_ptr<OwnedGraph>> graphs_[CTN_MOST_STEPS];
};

}  // namespace ctn
