#include "engine.h"

#include <cstdio>
#include <string>

namespace ctn {

Engine::Engine(Dimensions dimensions, int64_t chunk_bytes)
    : dimensions_(std::move(dimensions)),
      token_buckets_(dimensions_.max_tokens),
      logits_buckets_(dimensions_.max_rows),
      weights_(dimensions_),
      arena_(dimensions_),
      buffers_(dimensions_, Gemm::workspace_bytes(), chunk_bytes),
      results_(dimensions_, buffers_),
      transfers_(dimensions_),
      forward_(dimensions_, token_buckets_, logits_buckets_, weights_, arena_, buffers_),
      plan_(dimensions_, token_buckets_, logits_buckets_)
{
}

Engine::~Engine()
{
    if (use_device(dimensions_.device) != CTN_OK)
        return;
    /* Nothing is given back that the device still works on. */
    transfers_.drain();
    if (stream_.get() != nullptr)
        synchronize(stream_.get());
}

CheckedSize Engine::bytes() const
{
    return weights_.bytes() + arena_.state_bytes() + arena_.tail_bytes() + buffers_.bytes() + arena_.fold_bytes();
}

ctn_status Engine::take_memory()
{
    const CheckedSize wanted = bytes();
    if (wanted.overflows())
        return fail(CTN_INVALID_ARGUMENT, "the engine's bytes are more than 2^63: of weights, %d slots, or %d tokens", dimensions_.slots,
            dimensions_.max_tokens);
    ctn_device_info device;
    CTN_TRY(use_device(dimensions_.device));
    CTN_TRY(describe_device(dimensions_.device, &device));
    if (device.is_emulation == 0 && device.compute_major < 8)
        return fail(CTN_UNSUPPORTED, "device %d, %s, has compute capability %d.%d; 8.0 and newer are served", dimensions_.device,
            device.name, device.compute_major, device.compute_minor);
    const bool has_room = wanted.value() <= device.free_bytes;
    const ctn_status taken = has_room ? take_all() : CTN_OUT_OF_MEMORY;
    if (taken != CTN_OUT_OF_MEMORY)
        return taken;
    /* Pinned memory or the driver's own may be what lacks. */
    const std::string reason = has_room ? std::string(": ") + ctn_last_message() : "";
    return fail(CTN_OUT_OF_MEMORY, "the engine needs %lld bytes of device memory; %lld are free%s", (long long)wanted.value(),
        (long long)device.free_bytes, reason.c_str());
}

ctn_status Engine::take_all()
{
    last_use_.resize((size_t)dimensions_.slots);
    plan_.take();
    CTN_TRY(create_stream(stream_.out()));
    CTN_TRY(forward_.open());
    CTN_TRY(weights_.take(stream_.get()));
    CTN_TRY(arena_.take(stream_.get()));
    CTN_TRY(buffers_.take(stream_.get()));
    CTN_TRY(results_.take());
    CTN_TRY(transfers_.take());
    return synchronize(stream_.get());
}

void Engine::describe_memory(ctn_engine_memory *memory) const
{
    memory->reserved = 0;
    memory->weight_bytes = weights_.bytes().value();
    memory->state_bytes = arena_.state_bytes().value();
    memory->tail_bytes = arena_.tail_bytes().value();
    memory->buffer_bytes = buffers_.bytes().value() + arena_.fold_bytes();
}

ctn_status Engine::enter() const
{
    if (has_failed_)
        return fail(CTN_DEVICE_ERROR, "the engine's device has failed: %s", failure_);
    return use_device(dimensions_.device);
}

ctn_status Engine::leave(ctn_status status)
{
    if (status == CTN_DEVICE_ERROR)
        std::call_once(failed_once_, [this] {
            std::snprintf(failure_, sizeof failure_, "%s", ctn_last_message());
            has_failed_ = true;
        });
    return status;
}

ctn_status Engine::write_tensor(ctn_tensor tensor, int layer, int first_row, int rows, const float *values)
{
    return weights_.write(tensor, layer, first_row, rows, values, stream_.get());
}

ctn_status Engine::seal()
{
    CTN_TRY(weights_.check_complete());
    CTN_TRY(arena_.load_kernels(stream_.get()));
    CTN_TRY(graphs_.record(token_buckets_, plan_, buffers_, forward_, stream_.get()));
    weights_.seal();
    return CTN_OK;
}

ctn_status Engine::check_ready() const
{
    return weights_.is_sealed() ? CTN_OK : fail(CTN_INVALID_ARGUMENT, "the engine is not sealed; seal it before its first step");
}

ctn_status Engine::begin_step(StepRequest request)
{
    CTN_TRY(check_ready());
    request.last_logits = results_.last_logits();
    CTN_TRY(plan_.check(request));
    if (plan_.logits() > 0)
        CTN_TRY(results_.check_free());
    const ctn_status put = put_step(request);
    if (put == CTN_OK || put == CTN_DEVICE_ERROR)
        return put;
    /* A step that is half on the stream cannot be taken back, whatever hindered the rest. */
    const std::string reason = ctn_last_message();
    return fail(CTN_DEVICE_ERROR, "%s", reason.c_str());
}

ctn_status Engine::put_step(const StepRequest &request)
{
    for (int i = 0; i < request.row_count; i++)
        CTN_TRY(use_slot(request.rows[i].slot));
    plan_.arrange(request, arena_);

    const StepShape &shape = plan_.shape();
    const DescriptorLayout layout(shape);
    char *pinned;
    CTN_TRY(buffers_.next_descriptor(&pinned));
    plan_.write(request, pinned, layout);
    CTN_TRY(buffers_.send_descriptor(layout.bytes, stream_.get()));
    CTN_TRY(plan_.is_graph() ? graphs_.launch(shape.tokens, token_buckets_, results_.turn(), stream_.get())
                             : forward_.enqueue(shape, layout, results_.turn(), stream_.get()));
    return plan_.logits() == 0 ? CTN_OK : results_.begin(plan_.logits(), put_, stream_.get());
}

ctn_status Engine::end_step(int32_t *drawn)
{
    return results_.end(drawn);
}

ctn_status Engine::read_logits(int first, int count, float *logits)
{
    return results_.read_logits(first, count, logits);
}

}  // namespace ctn
