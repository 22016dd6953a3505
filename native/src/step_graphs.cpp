#include "step_graphs.h"

#include <string>

namespace ctn {

ctn_status StepGraphs::record(
    const Buckets &token_buckets, const StepPlan &plan, StepBuffers &buffers, Forward &forward, Stream stream)
{
    for (auto &graphs : graphs_)
        graphs.clear();
    for (const int tokens : token_buckets.sizes()) {
        const bool is_recorded = tokens <= most_graph_tokens;
        /* The fewest rows and the most: kernels have tiles for few and for many. */
        const bool is_outermost = tokens == token_buckets.sizes().front() || tokens == token_buckets.sizes().back();
        if (!is_recorded || is_outermost)
            CTN_TRY(run_padding(plan.shape_of_every_kind(tokens), buffers, forward, stream));
        if (is_recorded) {
            const StepShape shape = plan.graph_shape(tokens);
            CTN_TRY(run_padding(shape, buffers, forward, stream));
            CTN_TRY(record_shape(shape, forward, stream));
        }
    }
    return CTN_OK;
}

ctn_status StepGraphs::run_padding(const StepShape &shape, StepBuffers &buffers, Forward &forward, Stream stream) const
{
    const DescriptorLayout layout(shape);
    char *pinned;
    CTN_TRY(buffers.next_descriptor(&pinned));
    write_padding(pinned, shape, layout);
    CTN_TRY(buffers.send_descriptor(layout.bytes, stream));
    CTN_TRY(forward.enqueue(shape, layout, 0, stream));
    return synchronize(stream);
}

ctn_status StepGraphs::record_shape(const StepShape &shape, Forward &forward, Stream stream)
{
    const DescriptorLayout layout(shape);
    for (int logits = 0; logits < CTN_MOST_STEPS; logits++) {
        graphs_[logits].push_back(std::make_unique<OwnedGraph>());
        CTN_TRY(begin_capture(stream));
        const ctn_status recorded = forward.enqueue(shape, layout, logits, stream);
        /* What has broken the capture says more than that it is broken. */
        const std::string reason = ctn_last_message();
        const ctn_status ended = end_capture(stream, graphs_[logits].back()->out());
        if (recorded != CTN_OK)
            return fail(recorded, "%s", reason.c_str());
        CTN_TRY(ended);
    }
    return CTN_OK;
}

ctn_status StepGraphs::launch(int tokens, const Buckets &token_buckets, int logits, Stream stream) const
{
    return launch_graph(graphs_[logits][(size_t)token_buckets.index_of(tokens)]->get(), stream);
}

}  // namespace ctn
