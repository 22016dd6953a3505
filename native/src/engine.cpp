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
    return weights_.bytes() + arena_.state_bytes() + arena_.tail_bytes() + buffers_.bytes() + arena_.fold_bytes() +
        transfers_.device_bytes();
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
    const ctn_status taken = wanted.value() <= device.free_bytes ? take_all() : CTN_OUT_OF_MEMORY;
    if (taken != CTN_OUT_OF_MEMORY)
        return taken;
    return fail(CTN_OUT_OF_MEMORY, "the engine needs %lld bytes of device memory; %lld are free", (long long)wanted.value(),
        (long long)device.free_bytes);
}

ctn_status Engine::take_all()
{
    last_use_.resize((size_t)dimensions_.slots);
    plan_.take();
    CTN_TRY(create_stream(stream_.out()));
    CTN_TRY(create_event(stepped_.out()));
    CTN_TRY(forward_.open());
    CTN_TRY(weights_.take(stream_.get()));
    CTN_TRY(arena_.take(stream_.get()));
    CTN_TRY(buffers_.take(stream_.get()));
    CTN_TRY(transfers_.take());
    return synchronize(stream_.get());
}

void Engine::describe_memory(ctn_engine_memory *memory) const
{
    memory->reserved = 0;
    memory->weight_bytes = weights_.bytes().value();
    memory->state_bytes = arena_.state_bytes().value();
    memory->tail_bytes = arena_.tail_bytes().value();
    memory->buffer_bytes = buffers_.bytes().value() + arena_.fold_bytes() + transfers_.device_bytes();
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
    CTN_TRY(graphs_.record(token_buckets_, plan_, buffers_, forward_, stream_.get()));
    weights_.seal();
    return CTN_OK;
}

ctn_status Engine::check_ready() const
{
    return weights_.is_sealed() ? CTN_OK : fail(CTN_INVALID_ARGUMENT, "the engine is not sealed; seal it before its first step");
}

ctn_status Engine::begin_step(const StepRequest &request)
{
    CTN_TRY(check_ready());
    if (is_stepping_)
        return fail(CTN_INVALID_ARGUMENT, "a step is under way; end it before the next one begins");
    CTN_TRY(plan_.check(request));
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
    char *const pinned = buffers_.next_pinned_descriptor();
    plan_.write(request, pinned, layout);
    CTN_TRY(copy(buffers_.descriptor(), pinned, (size_t)layout.bytes, stream_.get()));
    CTN_TRY(plan_.is_graph() ? graphs_.launch(shape.tokens, token_buckets_, stream_.get())
                             : forward_.enqueue(shape, layout, stream_.get()));
    step_logits_ = plan_.logits();
    step_draws_ = request.draws != nullptr && step_logits_ > 0;
    if (step_draws_)
        CTN_TRY(copy(buffers_.pinned_drawn(), buffers_.drawn(), (size_t)step_logits_ * sizeof(int32_t), stream_.get()));
    CTN_TRY(record(stepped_.get(), stream_.get()));
    step_put_ = put_;
    is_stepping_ = true;
    if (step_logits_ > 0)
        logits_ = step_logits_;
    return CTN_OK;
}

ctn_status Engine::end_step(int32_t *drawn)
{
    if (!is_stepping_)
        return fail(CTN_INVALID_ARGUMENT, "no step is under way");
    CTN_TRY(synchronize_event(stepped_.get()));
    has_run_ = step_put_;
    is_stepping_ = false;
    for (int i = 0; drawn != nullptr && i < step_logits_; i++)
        drawn[i] = step_draws_ ? buffers_.pinned_drawn()[i] : CTN_UNDECIDED;
    return CTN_OK;
}

ctn_status Engine::read_logits(int first, int count, float *logits)
{
    if (is_stepping_ && step_logits_ > 0)
        return fail(CTN_INVALID_ARGUMENT, "a step with logits is under way; end it before they are read");
    if (first < 0 || first > logits_)
        return fail(CTN_INVALID_ARGUMENT, "first is %d; allowed: 0 to %d", first, logits_);
    if (count < 0 || count > logits_ - first)
        return fail(CTN_INVALID_ARGUMENT, "count is %d from row %d on; allowed: 0 to %d", count, first, logits_ - first);
    if (count == 0)
        return CTN_OK;
    if (logits == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "logits is null");
    const auto row = (size_t)dimensions_.vocabulary;
    CTN_TRY(copy(logits, buffers_.logits() + (size_t)first * row, (size_t)count * row * sizeof(float), stream_.get()));
    return synchronize(stream_.get());
}

}  // namespace ctn
