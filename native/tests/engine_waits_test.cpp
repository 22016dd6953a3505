/* What waits for nothing. Streams are late here: their work runs when somebody waits for it, and it is made to fail. */
#include "engine_case.h"

namespace {

using namespace test;

const auto prompt = tokens_of(9, 1);

ctn_draw greedy() { return {0, 1, 0, 0, 0, 50, 1}; }

/* Whether a call does without any work of the device but the first so many pieces. */
template <class Call>
bool runs_at_most(int pieces, Call call)
{
    ctn::emulation::fail_work(pieces);
    const ctn_status status = call();
    ctn::emulation::fail_work(-1);
    CHECK(status == CTN_OK || status == CTN_DEVICE_ERROR, "status %d: %s", status, ctn_last_message());
    return status == CTN_OK;
}

TEST(BeginStep_OneUnderWay_WaitsForNothing)
{
    const Model model({});
    Engine engine(model);
    CHECK_OK(engine.begin({{0, 0, prompt}, {1, 0, {1}}}, {greedy(), greedy()}));
    for (int i = 0; i < 40; i++) {
        const std::vector<Part> parts = {{0, 9 + i, {~0}, 1, true}, {1, 1 + i, {~1}, 1, true}};
        CHECK(runs_at_most(0, [&] { return engine.begin(parts, {greedy(), greedy()}); }), "step %d", i);
        engine.end();
        for (const int slot : {0, 1})
            CHECK_OK(ctn_engine_commit(engine.handle, slot, 1));
    }
    /* A step without logits between two others. */
    CHECK(runs_at_most(0, [&] { return engine.begin({{2, 0, {1, 2}, 0}}); }), "a quiet step");
    CHECK(runs_at_most(0, [&] { return engine.begin({{2, 2, {1, 2}}}); }), "the step after it");
}

TEST(BeginStep_ManyWithoutLogits_WaitForTheDevice)
{
    const Model model({});
    Engine engine(model);
    int64_t position = 0;
    while (position < 10 && runs_at_most(0, [&] { return engine.begin({{0, position, {1}, 0}}); }))
        position++;
    CHECK(position == 4, "%lld steps wait on the stream", (long long)position);
}

TEST(ReadLogits_NewerStepUnderWay_DoesNotWaitForIt)
{
    const Model model({});
    Engine engine(model);
    CHECK_OK(engine.begin({{0, 0, prompt}}, {greedy()}));
    CHECK_OK(engine.begin({{0, 9, {~0}, 1, true}}, {greedy()}));
    CHECK_OK(ctn_engine_end_step(engine.handle, nullptr));
    std::vector<float> logits(50);
    CHECK(runs_at_most(1, [&] { return ctn_engine_read_logits(engine.handle, 0, 1, logits.data()); }), "more ran than the copy");
    CHECK(has_same_bits(engine.logits(0, 1), logits), "logits");
}

TEST(EndStep_NewerStepUnderWay_DoesNotWaitForIt)
{
    const Model model({});
    int pieces = 0;
    for (bool has_run = false; !has_run; pieces += !has_run) {
        Engine engine(model);
        CHECK_OK(engine.begin({{0, 0, {1}}}, {greedy()}));
        has_run = runs_at_most(pieces, [&] { return ctn_engine_end_step(engine.handle, nullptr); });
    }
    Engine engine(model);
    CHECK_OK(engine.begin({{0, 0, {1}}}, {greedy()}));
    CHECK_OK(engine.begin({{0, 1, {~0}, 1, true}}, {greedy()}));
    CHECK(runs_at_most(pieces, [&] { return ctn_engine_end_step(engine.handle, nullptr); }), "more ran than the %d pieces of a step", pieces);
}

TEST(Commit_StepUnderWay_WaitsForNothing)
{
    const Model model({});
    Engine engine(model);
    CHECK_OK(engine.begin({{0, 0, {1}}}, {greedy()}));
    CHECK_OK(engine.begin({{0, 1, {~0}, 1, true}}, {greedy()}));
    CHECK(runs_at_most(0, [&] { return ctn_engine_commit(engine.handle, 0, 1); }), "commit");
}

/* A read begins at once, and holds back no step of another slot. */
TEST(ReadSlot_StepOfAnotherSlot_DoesNotWaitForIt)
{
    const Model model({});
    Engine engine(model);
    engine.run({{0, 0, prompt}});
    int32_t read;
    CHECK(runs_at_most(0, [&] { return ctn_engine_begin_read_slot(engine.handle, 0, &read); }), "the beginning waits");
    engine.run({{1, 0, prompt}});
    std::vector<float> state(model.sizes.state());
    CHECK(!runs_at_most(0, [&] { return ctn_engine_end_read_slot(engine.handle, read, state.data()); }), "the step waited for the read");
}

}  // namespace

int main(int argc, char **argv)
{
    ctn::emulation::set_pace(ctn::emulation::Pace::Late);
    return test::run(argc, argv);
}
