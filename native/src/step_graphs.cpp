#include "step_graphs.h"

namespace ctn {

ctn_status StepGraphs::record(
    const Buckets &token_buckets, const StepPlan &plan, StepBuffers &buffers, Forward &forward, Stream stream)
{
    graphs_.clear();
    for (const int tokens : token_buckets.sizes()) {
        if (tokens > most_graph_tokens)
            break;
        const StepShape shape = plan.graph_shape(tokens);
        const DescriptorLayout layout(shape);
        char *const pinned = buffers.next_pinned_descriptor();
        write_padding(pinned, shape, layout);
        CTN_TRY(copy(buffers.descriptor(), pinned, (size_t)layout.bytes, stream));
        CTN_TRY(forward.enqueue(shape, layout, stream));
        CTN_TRY(synchronize(stream));

        graphs_.push_back(std::make_unique<OwnedGraph>());
        CTN_TRY(begin_capture(stream));
        const ctn_status recorded = forward.enqueue(shape, layout, stream);
        const ctn_status ended = end_capture(stream, graphs_.back()->out());
        CTN_TRY(recorded);
        CTN_TRY(ended);
    }
    return CTN_OK;
}

ctn_status StepGraphs::launch(int tokens, const Buckets &token_buckets, Stream stream) const
{
    return launch_graph(graphs_[(size_t)token_buckets.index_of(tokens)]->get(), stream);
}

}  // namespace ctn
