#include "step_graphs.h"

namespace ctn {

ctn_status StepGraphs::record(
    const Buckets &token_buckets, const StepPlan &plan, StepBuffers &buffers, Forward &forward, Stream stream)
{
    for (auto &graphs : graphs_)
        graphs.clear();
    for (const int tokens : token_buckets.sizes()) {
        if (tokens > most_graph_tokens)
            break;
        const StepShape shape = plan.graph_shape(tokens);
        const DescriptorLayout layout(shape);
        char *pinned;
        CTN_TRY(buffers.next_descriptor(&pinned));
        write_padding(pinned, shape, layout);
        CTN_TRY(buffers.send_descriptor(layout.bytes, stream));
        CTN_TRY(forward.enqueue(shape, layout, 0, stream));
        CTN_TRY(synchronize(stream));

        for (int logits = 0; logits < CTN_MOST_STEPS; logits++) {
            graphs_[logits].push_back(std::make_unique<OwnedGraph>());
            CTN_TRY(begin_capture(stream));
            const ctn_status recorded = forward.enqueue(shape, layout, logits, stream);
            const ctn_status ended = end_capture(stream, graphs_[logits].back()->out());
            CTN_TRY(recorded);
            CTN_TRY(ended);
        }
    }
    return CTN_OK;
}

ctn_status StepGraphs::launch(int tokens, const Buckets &token_buckets, int logits, Stream stream) const
{
    return launch_graph(graphs_[logits][(size_t)token_buckets.index_of(tokens)]->get(), stream);
}

}  // namespace ctn
