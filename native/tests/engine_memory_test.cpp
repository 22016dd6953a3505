/* What an engine takes and gives back, and what becomes of it when memory or the device fails. */
#include "engine_case.h"

namespace {

using namespace test;
using ctn::emulation::Pace;
using ctn::emulation::taken;

/* One of everything that an engine is asked for. */
void use_everything(Engine &engine, int64_t position)
{
    const std::vector<ctn_draw> draws(2, {0.3, 0.9, 0.1, 1, 4, 50, 1});
    engine.run({{0, position, {1}}, {1, position, {2}}}, draws);
    engine.run({{2, position, tokens_of(12, 1)}, {3, position, {1, 2, 3}}});
    engine.run({{3, position + 3, {1, 2, 3}, 1, true}, {0, position + 1, {4}, 0}}, draws);
    CHECK_OK(ctn_engine_commit(engine.handle, 3, 2));
    CHECK_OK(engine.begin({{0, position + 2, {~0}, 1, true}, {1, position + 1, {~0}, 1, true}, {2, position + 12, {~0}, 1, true}}));
    CHECK_OK(ctn_engine_copy_slot(engine.handle, 3, 4));
    const int read = engine.begin_read(0);
    CHECK_OK(engine.begin({{0, position + 2, {~2}, 1, true}}, draws));
    engine.end();
    engine.end();
    engine.end_read(read);
    const auto state = engine.state(3);
    CHECK_OK(ctn_engine_write_slot(engine.handle, 5, state.data()));
    engine.clear(1);
    CHECK(engine.begin({{9, 0, {1}}}) == CTN_INVALID_ARGUMENT, "a slot that is not there");
}

TEST(SealedEngine_HoweverUsed_TakesNothing)
{
    const Model model({});
    for (const Pace pace : {Pace::Now, Pace::Late}) {
        ctn::emulation::set_pace(pace);
        ctn::emulation::forget_kernels();
        Engine engine(model);
        const auto before = taken();
        for (int round = 0; round < 50; round++)
            use_everything(engine, round * 17);
        CHECK(taken().ever == before.ever, "%lld things were taken", (long long)(taken().ever - before.ever));
    }
    ctn::emulation::set_pace(Pace::Now);
}

/* Of every kernel that a step may need, in tiles for few rows and for many: on a device a kernel's first launch takes memory. */
TEST(SealedEngine_RowsOfEveryKind_LoadNothing)
{
    for (const int head_dim : {16, 64}) {
        const Model model({2, 2, head_dim, 8, 24, 50, false});
        ctn_engine_config config = config_of(model);
        config.chunk_tokens = head_dim == 64 ? 10 : 0;
        config.max_tokens = 100;
        ctn::emulation::forget_kernels();
        Engine engine(model, config);
        const auto before = taken();
        for (const int rows : {1, 6})
            for (const int length : {1, 3, 9, 12}) {
                std::vector<Part> parts;
                for (int slot = 0; slot < rows; slot++)
                    parts.push_back({slot, length, tokens_of(length, 1)});
                engine.run(parts);
                engine.begin_read(0);
                engine.state(0);
                engine.end_read(0);
            }
        use_everything(engine, 0);
        CHECK(taken().ever == before.ever, "%lld kernels were loaded, head_dim %d", (long long)(taken().ever - before.ever), head_dim);
    }
}

TEST(DestroyedEngine_WhateverStage_GaveEverythingBack)
{
    const Model model({});
    const int64_t before = taken().now;
    const ctn_engine_config config = config_of(model);
    ctn_engine *created;
    CHECK_OK(ctn_engine_create(&config, &created));
    CHECK(taken().now > before, "nothing was taken");
    ctn_engine_destroy(created);
    CHECK(taken().now == before, "%lld things are left", (long long)(taken().now - before));
    for (const Pace pace : {Pace::Now, Pace::Late}) {
        ctn::emulation::set_pace(pace);
        Engine engine(model);
        use_everything(engine, 0);
        engine.begin_read(0);
        engine.begin_read(1);
        CHECK_OK(ctn_engine_write_slot(engine.handle, 1, std::vector<float>(model.sizes.state()).data()));
        CHECK_OK(engine.begin({{2, 0, {1}}}));
        CHECK_OK(engine.begin({{1, 0, {~0}, 1, true}, {0, 5, {3}}}));
    }
    ctn::emulation::set_pace(Pace::Now);
    CHECK(taken().now == before, "%lld things are left", (long long)(taken().now - before));
}

TEST(Create_EachThingRefused_IsOutOfMemoryAndNothingIsKept)
{
    const Model model({});
    const ctn_engine_config config = config_of(model);
    const int64_t before = taken().now;
    for (int refused = 0;; refused++) {
        ctn_engine *engine = nullptr;
        ctn::emulation::refuse_taking(refused);
        const ctn_status status = ctn_engine_create(&config, &engine);
        ctn::emulation::refuse_taking(-1);
        if (status == CTN_OK) {
            CHECK(refused >= 16, "%d things were taken", refused);
            ctn_engine_destroy(engine);
            break;
        }
        CHECK(status == CTN_OUT_OF_MEMORY && engine == nullptr, "status %d for number %d", status, refused);
        CHECK(std::strstr(ctn_last_message(), "are free: ") != nullptr, "%s", ctn_last_message());
        CHECK(taken().now == before, "%lld things are left of number %d", (long long)(taken().now - before), refused);
    }
    CHECK(taken().now == before, "%lld things are left", (long long)(taken().now - before));
}

TEST(Seal_GraphRefused_CanBeTriedAgain)
{
    const Model model({});
    const ctn_engine_config config = config_of(model);
    ctn_engine *engine;
    CHECK_OK(ctn_engine_create(&config, &engine));
    model.write(engine);
    for (const int refused : {0, 3, 7, 14}) {
        ctn::emulation::refuse_taking(refused);
        CHECK(ctn_engine_seal(engine) == CTN_OUT_OF_MEMORY, "graph %d", refused);
        ctn::emulation::refuse_taking(-1);
        CHECK(ctn_engine_begin_step(engine, nullptr, 0, nullptr, 0, nullptr) == CTN_INVALID_ARGUMENT, "a step before the seal");
    }
    CHECK_OK(ctn_engine_seal(engine));
    CHECK_OK(ctn_engine_begin_step(engine, nullptr, 0, nullptr, 0, nullptr));
    ctn_engine_destroy(engine);
}

/* Whatever piece of a step fails, at once or when somebody waits for it: the engine says so, and from then on everything does. */
TEST(FailedDevice_AnyWork_EveryLaterCallSaysSo)
{
    const Model model({});
    for (const Pace pace : {Pace::Now, Pace::Late})
        for (const int failing : {0, 1, 5, 9, 13}) {
            ctn::emulation::set_pace(pace);
            const int64_t before = taken().now;
            {
                Engine engine(model);
                std::vector<float> values(model.sizes.state());
                int32_t read;
                ctn::emulation::fail_work(failing);
                ctn_status status = engine.begin({{0, 0, tokens_of(12, 1)}, {1, 0, {1}}});
                if (status == CTN_OK)
                    status = ctn_engine_end_step(engine.handle, nullptr);
                ctn::emulation::fail_work(-1);
                CHECK(status == CTN_DEVICE_ERROR, "status %d of a step whose piece %d failed", status, failing);
                const ctn_status later[] = {engine.begin({{2, 0, {1}}}), ctn_engine_end_step(engine.handle, nullptr),
                    ctn_engine_fill_slot(engine.handle, 0, 0), ctn_engine_copy_slot(engine.handle, 0, 1),
                    ctn_engine_write_slot(engine.handle, 0, values.data()), ctn_engine_begin_read_slot(engine.handle, 0, &read),
                    ctn_engine_end_read_slot(engine.handle, 0, values.data()), ctn_engine_commit(engine.handle, 0, 0),
                    ctn_engine_read_logits(engine.handle, 0, 0, values.data()), ctn_engine_seal(engine.handle)};
                for (const ctn_status one : later)
                    CHECK(one == CTN_DEVICE_ERROR, "status %d of a call after that", one);
                CHECK(std::strstr(ctn_last_message(), "has failed: emulation") != nullptr, "%s", ctn_last_message());
            }
            CHECK(taken().now == before, "%lld things are left", (long long)(taken().now - before));
        }
    ctn::emulation::set_pace(Pace::Now);
}

}  // namespace

TEST_MAIN
