/* The engine's functions of cottention.h: null pointers, a failed engine, and nothing thrown. */
#include "engine.h"

struct ctn_engine {
    ctn_engine(ctn::Dimensions dimensions, int64_t chunk_bytes) : engine(std::move(dimensions), chunk_bytes) {}
    ctn::Engine engine;
};

namespace {

using ctn::fail;
using ctn::guarded;

/* A call of a living engine. */
template <class Body>
ctn_status call(ctn_engine *engine, Body body)
{
    return guarded([&] {
        if (engine == nullptr)
            return fail(CTN_INVALID_ARGUMENT, "engine is null");
        if (const ctn_status status = engine->engine.enter())
            return engine->engine.leave(status);
        return engine->engine.leave(body(engine->engine));
    });
}

template <class Struct>
ctn_status check_struct(const char *name, const Struct *value)
{
    if (value == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "%s is null", name);
    if (value->struct_size != (int32_t)sizeof *value)
        return fail(CTN_INVALID_ARGUMENT, "%s.struct_size is %d; this library's is %zu", name, value->struct_size, sizeof *value);
    return CTN_OK;
}

}  // namespace

extern "C" ctn_status ctn_device_count(int32_t *count)
{
    return guarded([&] { return count == nullptr ? fail(CTN_INVALID_ARGUMENT, "count is null") : ctn::device_count(count); });
}

extern "C" ctn_status ctn_device_describe(int32_t device, ctn_device_info *info)
{
    return guarded([&] {
        CTN_TRY(check_struct("info", info));
        return ctn::describe_device(device, info);
    });
}

extern "C" ctn_status ctn_engine_create(const ctn_engine_config *config, ctn_engine **engine)
{
    return guarded([&] {
        if (engine == nullptr)
            return fail(CTN_INVALID_ARGUMENT, "engine is null");
        *engine = nullptr;
        ctn::Dimensions dimensions;
        CTN_TRY(ctn::read_config(config, &dimensions));
        int64_t chunk_bytes;
        CTN_TRY(ctn::Forward::chunk_workspace_bytes(dimensions, &chunk_bytes));
        auto created = std::make_unique<ctn_engine>(std::move(dimensions), chunk_bytes);
        CTN_TRY(created->engine.take_memory());
        *engine = created.release();
        return (ctn_status)CTN_OK;
    });
}

extern "C" void ctn_engine_destroy(ctn_engine *engine)
{
    delete engine;
}

extern "C" ctn_status ctn_engine_describe_memory(const ctn_engine *engine, ctn_engine_memory *memory)
{
    return guarded([&] {
        if (engine == nullptr)
            return fail(CTN_INVALID_ARGUMENT, "engine is null");
        CTN_TRY(check_struct("memory", memory));
        engine->engine.describe_memory(memory);
        return (ctn_status)CTN_OK;
    });
}

extern "C" ctn_status ctn_engine_write_tensor(
    ctn_engine *engine, ctn_tensor tensor, int32_t layer, int32_t first_row, int32_t rows, const float *values)
{
    return call(engine, [&](ctn::Engine &e) { return e.write_tensor(tensor, layer, first_row, rows, values); });
}

extern "C" ctn_status ctn_engine_seal(ctn_engine *engine)
{
    return call(engine, [](ctn::Engine &e) { return e.seal(); });
}

extern "C" ctn_status ctn_engine_begin_step(
    ctn_engine *engine, const ctn_row *rows, int32_t row_count, const int32_t *tokens, int32_t token_count, const ctn_draw *draws)
{
    return call(engine, [&](ctn::Engine &e) { return e.begin_step({rows, row_count, tokens, token_count, draws}); });
}

extern "C" ctn_status ctn_engine_end_step(ctn_engine *engine, int32_t *drawn)
{
    return call(engine, [&](ctn::Engine &e) { return e.end_step(drawn); });
}

extern "C" ctn_status ctn_engine_read_logits(ctn_engine *engine, int32_t first, int32_t count, float *logits)
{
    return call(engine, [&](ctn::Engine &e) { return e.read_logits(first, count, logits); });
}

extern "C" ctn_status ctn_engine_commit(ctn_engine *engine, int32_t slot, int32_t count)
{
    return call(engine, [&](ctn::Engine &e) { return e.commit(slot, count); });
}

extern "C" ctn_status ctn_engine_fill_slot(ctn_engine *engine, int32_t slot, float value)
{
    return call(engine, [&](ctn::Engine &e) { return e.fill_slot(slot, value); });
}

extern "C" ctn_status ctn_engine_copy_slot(ctn_engine *engine, int32_t source, int32_t destination)
{
    return call(engine, [&](ctn::Engine &e) { return e.copy_slot(source, destination); });
}

extern "C" ctn_status ctn_engine_write_slot(ctn_engine *engine, int32_t slot, const float *state)
{
    return call(engine, [&](ctn::Engine &e) { return e.write_slot(slot, state); });
}

extern "C" ctn_status ctn_engine_begin_read_slot(ctn_engine *engine, int32_t slot, int32_t *read)
{
    return call(engine, [&](ctn::Engine &e) {
        return read == nullptr ? fail(CTN_INVALID_ARGUMENT, "read is null") : e.begin_read_slot(slot, read);
    });
}

extern "C" ctn_status ctn_engine_end_read_slot(ctn_engine *engine, int32_t read, float *state)
{
    return call(engine, [&](ctn::Engine &e) { return e.end_read_slot(read, state); });
}
