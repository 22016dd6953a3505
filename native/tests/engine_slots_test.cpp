/* Slots of an engine: provisional rows and what is committed of them, filling, copying and writing states. */
#include "engine_case.h"

namespace {

using namespace test;

const auto prompt = tokens_of(9, 1);
const auto drafted = tokens_of(6, 2);
const auto rest = tokens_of(3, 3);

void start(Engine &engine, int slot)
{
    engine.clear(slot);
    engine.run({{slot, 0, prompt}});
}

/* The logits of going on with rest, token by token, from a position. */
std::vector<float> go_on(Engine &engine, int slot, int64_t position)
{
    std::vector<float> logits;
    for (const int token : rest) {
        const auto row = engine.run({{slot, position++, {token}}});
        logits.insert(logits.end(), row.begin(), row.end());
    }
    return logits;
}

TEST(Commit_AnyCount_GoesOnWithSameBits)
{
    const Model model({});
    Engine engine(model);
    for (int count = 0; count <= 6; count++)
        for (const bool one_by_one : {false, true}) {
            start(engine, 0);
            start(engine, 1);
            std::vector<float> expected;
            for (int i = 0; i < count; i++) {
                const auto row = engine.run({{0, 9 + i, {drafted[i]}}});
                expected.insert(expected.end(), row.begin(), row.end());
            }
            const auto logits = engine.run({{1, 9, drafted, 6, true}});
            for (int i = 0; i < (one_by_one ? count : 1); i++)
                CHECK_OK(ctn_engine_commit(engine.handle, 1, one_by_one ? 1 : count));

            CHECK(has_same_bits(expected, {logits.begin(), logits.begin() + (long)expected.size()}), "logits of %d tokens", count);
            /* Half of the cases look at the state first, so that the tail is folded outside of a step. */
            if (one_by_one)
                CHECK(has_same_bits(engine.state(0), engine.state(1)), "state after %d tokens", count);
            CHECK(has_same_bits(go_on(engine, 0, 9 + count), go_on(engine, 1, 9 + count)), "logits after %d tokens", count);
            CHECK(has_same_bits(engine.state(0), engine.state(1)), "state of going on after %d tokens", count);
        }
}

TEST(Commit_RowsInTurn_SameBitsAsSingly)
{
    const Model model({});
    for (const int interval : {1, 5, 16}) {
        ctn_engine_config config = config_of(model);
        config.fold_interval = interval;
        Engine engine(model, config);
        int64_t position = 0;
        for (unsigned round = 0; round < 24; round++) {
            const auto tokens = tokens_of(1 + (int)(round % 8), 10 + round);
            const int count = (int)(round * 5 % (tokens.size() + 1));
            const auto logits = engine.run({{1, position, tokens, (int)tokens.size(), true}});
            CHECK_OK(ctn_engine_commit(engine.handle, 1, count));
            for (int i = 0; i < count; i++) {
                const auto row = engine.run({{0, position + i, {tokens[(size_t)i]}}});
                const auto first = logits.begin() + i * model.sizes.vocabulary;
                CHECK(has_same_bits(row, {first, first + model.sizes.vocabulary}), "logits of round %u, token %d", round, i);
            }
            position += count;
        }
        CHECK(has_same_bits(engine.state(0), engine.state(1)), "states with fold_interval %d", interval);
    }
}

TEST(Commit_BesideReadsAndCopies_SameBits)
{
    const Model model({});
    Engine engine(model);
    start(engine, 0);
    start(engine, 1);
    const auto before = engine.state(1);

    engine.run({{1, 9, drafted, 1, true}});
    CHECK(has_same_bits(before, engine.state(1)), "an uncommitted row moved the state");
    CHECK_OK(ctn_engine_commit(engine.handle, 1, 2));
    CHECK_OK(ctn_engine_copy_slot(engine.handle, 1, 2));
    engine.state(1);
    CHECK_OK(ctn_engine_commit(engine.handle, 1, 3));

    engine.run({{0, 9, part_of(drafted, 0, 2)}});
    CHECK(has_same_bits(engine.state(0), engine.state(2)), "copy");
    CHECK(ctn_engine_commit(engine.handle, 2, 1) == CTN_INVALID_ARGUMENT, "the copy has nothing to commit");
    engine.run({{0, 11, part_of(drafted, 2, 3)}});
    CHECK(has_same_bits(engine.state(0), engine.state(1)), "original");
}

/* Everything after which nothing of a provisional row is left to commit. */
TEST(Commit_AfterWhatForgets_IsRefused)
{
    const Model model({});
    Engine engine(model);
    start(engine, 0);
    const auto other = engine.state(0);
    void (*const forget[])(Engine &, const std::vector<float> &) = {
        [](Engine &e, const std::vector<float> &) { e.clear(1); },
        [](Engine &e, const std::vector<float> &state) { CHECK_OK(ctn_engine_write_slot(e.handle, 1, state.data())); },
        [](Engine &e, const std::vector<float> &) { CHECK_OK(ctn_engine_copy_slot(e.handle, 0, 1)); },
        [](Engine &e, const std::vector<float> &) { CHECK_OK(ctn_engine_copy_slot(e.handle, 1, 1)); },
        [](Engine &e, const std::vector<float> &) { e.run({{1, 12, {3}}}); },
        [](Engine &e, const std::vector<float> &) { e.run({{1, 12, tokens_of(12, 5)}}); },
        [](Engine &e, const std::vector<float> &) { e.run({{2, 0, {3}, 1, true}}); },
    };
    for (const auto &one : forget) {
        start(engine, 1);
        engine.run({{1, 9, drafted, 1, true}});
        CHECK_OK(ctn_engine_commit(engine.handle, 1, 3));
        one(engine, other);
        CHECK_OK(ctn_engine_commit(engine.handle, 1, 0));
        CHECK(ctn_engine_commit(engine.handle, 1, 1) == CTN_INVALID_ARGUMENT, "case %ld", (long)(&one - forget));
        CHECK(std::strstr(ctn_last_message(), "count is 1") != nullptr, "%s", ctn_last_message());
    }
}

TEST(Commit_StepWithoutProvisionalRows_IsRemembered)
{
    const Model model({});
    Engine engine(model);
    start(engine, 0);
    start(engine, 1);
    engine.run({{1, 9, drafted, 1, true}});
    engine.run({{2, 0, {3}}});
    CHECK_OK(ctn_engine_commit(engine.handle, 1, 6));
    engine.run({{0, 9, drafted}});
    CHECK(has_same_bits(engine.state(0), engine.state(1)), "state");
}

TEST(Commit_CountOutOfRange_IsRefused)
{
    const Model model({});
    Engine engine(model);
    start(engine, 0);
    engine.run({{0, 9, drafted, 1, true}});
    CHECK_OK(ctn_engine_commit(engine.handle, 0, 3));
    for (const int count : {-1, 4, 1 << 30})
        CHECK(ctn_engine_commit(engine.handle, 0, count) == CTN_INVALID_ARGUMENT, "count %d", count);
    CHECK_OK(ctn_engine_commit(engine.handle, 0, 3));
}

TEST(WriteSlot_MidwayIntoAnother_GoesOnWithSameBits)
{
    const Model model({2, 2, 64, 64, 32, 50, false});
    Engine engine(model);
    const auto tokens = tokens_of(30, 4);
    const auto expected = engine.run({{0, 0, tokens}});
    for (const size_t split : {1, 8, 17, 25}) {
        engine.clear(1);
        for (size_t i = 0; i < split; i++)
            engine.run({{1, (int64_t)i, {tokens[i]}}});
        const auto state = engine.state(1);
        CHECK_OK(ctn_engine_fill_slot(engine.handle, 1, NAN));
        CHECK_OK(ctn_engine_fill_slot(engine.handle, 2, NAN));
        CHECK_OK(ctn_engine_write_slot(engine.handle, 2, state.data()));
        CHECK(has_same_bits(state, engine.state(2)), "state");
        CHECK(has_same_bits(expected, engine.run({{2, (int64_t)split, part_of(tokens, split, 30 - split)}})), "logits");
    }
}

TEST(CopySlot_Midway_BothGoOnWithSameBits)
{
    const Model model({});
    Engine engine(model);
    for (const int length : {3, 9, 20}) {
        const auto tokens = tokens_of(length, 6);
        engine.clear(0);
        for (int i = 0; i < length; i++)
            engine.run({{0, i, {tokens[(size_t)i]}}});
        CHECK_OK(ctn_engine_fill_slot(engine.handle, 5, NAN));
        CHECK_OK(ctn_engine_copy_slot(engine.handle, 0, 5));
        CHECK(has_same_bits(go_on(engine, 0, length), go_on(engine, 5, length)), "logits after %d tokens", length);
        CHECK(has_same_bits(engine.state(0), engine.state(5)), "state after %d tokens", length);
    }
}

TEST(FillSlot_AnyValue_IsRead)
{
    const Model model({});
    Engine engine(model);
    start(engine, 2);
    engine.run({{2, 9, {4}}});
    for (const float value : {0.0f, -0.0f, 1.5f, INFINITY, 1e-40f, NAN}) {
        CHECK_OK(ctn_engine_fill_slot(engine.handle, 2, value));
        CHECK(has_same_bits(engine.state(2), std::vector<float>(model.sizes.state(), value)), "value %g", value);
    }
}

TEST(NewEngine_States_AreZero)
{
    const Model model({});
    Engine engine(model);
    for (int slot = 0; slot < engine.config.slots; slot++)
        CHECK(has_same_bits(engine.state(slot), std::vector<float>(model.sizes.state(), 0)), "slot %d", slot);
}

TEST(WriteSlot_OneAfterTheOther_EachArrives)
{
    const Model model({});
    Engine engine(model);
    std::vector<float> state(model.sizes.state());
    for (int slot = 0; slot < 6; slot++) {
        std::fill(state.begin(), state.end(), (float)slot);
        CHECK_OK(ctn_engine_write_slot(engine.handle, slot, state.data()));
        std::fill(state.begin(), state.end(), NAN);
    }
    for (int slot = 0; slot < 6; slot++)
        CHECK(has_same_bits(engine.state(slot), std::vector<float>(state.size(), (float)slot)), "slot %d", slot);
}

TEST(WriteSlot_WhileAStepRunsTheSlot_ComesAfterIt)
{
    const Model model({});
    Engine engine(model);
    start(engine, 1);
    const auto other = engine.state(1);
    start(engine, 0);
    /* Long enough to write the state itself. */
    CHECK_OK(engine.begin({{0, 9, tokens_of(12, 7)}}));
    CHECK_OK(ctn_engine_write_slot(engine.handle, 0, other.data()));
    /* A second write waits for the first, whether or not the step has run. */
    CHECK_OK(ctn_engine_write_slot(engine.handle, 5, other.data()));
    engine.end();
    CHECK(has_same_bits(other, engine.state(0)), "state");
    engine.run({{0, 9, drafted}, {1, 9, drafted}});
    CHECK(has_same_bits(engine.state(1), engine.state(0)), "state of going on");
}

}  // namespace

TEST_MAIN_NOW_AND_LATE
