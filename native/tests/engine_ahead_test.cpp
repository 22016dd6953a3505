/* Rows that run ahead of the draw that gives their token, two steps under way, and what the calls between them see. */
#include "engine_case.h"

#include <functional>

namespace {

using namespace test;

const auto prompt = tokens_of(9, 1);

ctn_draw greedy() { return {0, 1, 0, 0, 0, 50, 1}; }

std::vector<ctn_draw> greedy(size_t count) { return std::vector<ctn_draw>(count, greedy()); }

void expect_refusal(const char *text, ctn_status status)
{
    CHECK(status == CTN_INVALID_ARGUMENT && std::strstr(ctn_last_message(), text) != nullptr, "status %d: \"%s\" is not in \"%s\"", status, text,
        ctn_last_message());
}

/* Slots 0 .. count - 1 go through a prompt of their own length; the step is under way. */
void begin_prompts(Engine &engine, int count)
{
    std::vector<Part> parts;
    for (int slot = 0; slot < count; slot++)
        parts.push_back({slot, 0, tokens_of(1 + 2 * slot, (unsigned)slot + 1)});
    CHECK_OK(engine.begin(parts, greedy(parts.size())));
}

int64_t prompt_length(int slot) { return 1 + 2 * slot; }

struct Decoded {
    std::vector<int> tokens;
    std::vector<float> logits;
    std::vector<std::vector<float>> states;
};

/* So many tokens of three slots, each step begun when the last one's tokens are known, or before. */
Decoded decode(const Model &model, const ctn_engine_config &config, int steps, bool runs_ahead)
{
    Engine engine(model, config);
    Decoded decoded;
    begin_prompts(engine, 3);
    const auto end = [&] {
        std::vector<int> drawn;
        const auto logits = engine.end(&drawn);
        decoded.tokens.insert(decoded.tokens.end(), drawn.begin(), drawn.end());
        decoded.logits.insert(decoded.logits.end(), logits.begin(), logits.end());
        return drawn;
    };
    for (int step = 0; step < steps; step++) {
        const auto drawn = runs_ahead ? std::vector<int>{~0, ~1, ~2} : end();
        std::vector<Part> parts;
        for (int slot = 0; slot < 3; slot++)
            parts.push_back({slot, prompt_length(slot) + step, {drawn[(size_t)slot]}, 1, runs_ahead});
        CHECK_OK(engine.begin(parts, greedy(3)));
        for (int slot = 0; runs_ahead && slot < 3; slot++)
            CHECK_OK(ctn_engine_commit(engine.handle, slot, 1));
        if (runs_ahead)
            end();
    }
    end();
    for (int slot = 0; slot < 3; slot++)
        decoded.states.push_back(engine.state(slot));
    return decoded;
}

TEST(RunAhead_ManySteps_SameBitsAsWaiting)
{
    const Model model({});
    for (const int interval : {1, 5, 8, 16}) {
        ctn_engine_config config = config_of(model);
        config.fold_interval = interval;
        config.provisional_rows = config.provisional_tokens = 0;
        const auto expected = decode(model, config, 70, false), decoded = decode(model, config, 70, true);
        CHECK(expected.tokens == decoded.tokens, "tokens with fold_interval %d", interval);
        CHECK(has_same_bits(expected.logits, decoded.logits), "logits with fold_interval %d", interval);
        for (int slot = 0; slot < 3; slot++)
            CHECK(has_same_bits(expected.states[(size_t)slot], decoded.states[(size_t)slot]), "state %d with fold_interval %d", slot, interval);
    }
}

/* A draw that is open, was not wanted, or was not asked for at all. */
TEST(RunAhead_DrawIsOpen_RunsTokenZero)
{
    const Model model({});
    Engine engine(model);
    engine.run({{0, 0, prompt}});
    const auto state = engine.state(0);
    const auto expected = engine.run({{0, 9, {0}, 1, true}});
    engine.run({{2, 0, {1}}}, {greedy()});
    for (int kind = 0; kind < 3; kind++) {
        ctn_draw unwanted = greedy();
        unwanted.wanted = 0;
        CHECK_OK(ctn_engine_fill_slot(engine.handle, 1, kind == 0 ? NAN : 0));
        CHECK_OK(engine.begin({{1, 0, {7}}}, kind == 0 ? greedy(1) : kind == 1 ? std::vector<ctn_draw>{unwanted} : std::vector<ctn_draw>()));
        CHECK_OK(engine.begin({{0, 9, {~0}, 1, true}}));
        std::vector<int> drawn;
        engine.end(&drawn);
        CHECK(drawn == std::vector<int>{CTN_UNDECIDED}, "%d was drawn in case %d", drawn[0], kind);
        CHECK(has_same_bits(expected, engine.end()), "logits of case %d", kind);
        CHECK(has_same_bits(state, engine.state(0)), "state of case %d", kind);
    }
}

/* Rows of every kind, quiet steps and rows that name another's draw among those that run ahead. */
TEST(RunAhead_AmongOthers_SameBitsAsWaiting)
{
    const Model model({});
    ctn_engine_config config = config_of(model);
    config.provisional_rows = 3;
    Engine waiting(model, config);
    config.provisional_rows = 1;
    Engine engine(model, config);
    begin_prompts(engine, 3);
    begin_prompts(waiting, 3);
    std::vector<int> drawn;
    waiting.end(&drawn);
    const std::vector<Part> quiet = {{5, 0, tokens_of(11, 6), 0}, {4, 0, {3, 4}, 0, true}};
    CHECK_OK(engine.begin(quiet));
    CHECK_OK(ctn_engine_commit(engine.handle, 4, 1));
    waiting.run(quiet);
    CHECK_OK(ctn_engine_commit(waiting.handle, 4, 1));
    const auto rows = [&](int first, int second) {
        return std::vector<Part>{{2, 5, {first}, 1, true}, {3, 0, tokens_of(12, 3), 2}, {0, 1, {second}, 1, true}, {1, 3, {9, 8, 7}, 3, true}};
    };
    CHECK_OK(engine.begin(rows(~2, ~2), greedy(7)));
    engine.end();
    const auto expected = waiting.run(rows(drawn[2], drawn[2]), greedy(7));
    CHECK(has_same_bits(expected, engine.end()), "logits");
    for (Engine *one : {&engine, &waiting})
        for (const int slot : {0, 1, 2})
            CHECK_OK(ctn_engine_commit(one->handle, slot, 1));
    for (int slot = 0; slot < 6; slot++)
        CHECK(has_same_bits(waiting.state(slot), engine.state(slot)), "state of slot %d", slot);
}

TEST(RunAhead_EachFault_IsRefusedAndChangesNothing)
{
    const Model model({});
    Engine engine(model);
    begin_prompts(engine, 3);
    expect_refusal("token 0 is -4, the draw from row 3 of logits; the last step with logits has 3", engine.begin({{0, 1, {~3}, 1, true}}));
    expect_refusal("the draw from row 2147483647 of logits", engine.begin({{0, 1, {INT32_MIN}, 1, true}}));
    expect_refusal("token 1 is -1; allowed: 0 to 49", engine.begin({{1, 3, {1}}, {0, 1, {~0}}}));
    expect_refusal("token 1 is -2; allowed: 0 to 49", engine.begin({{0, 1, {1, ~1}, 1, true}}));
    expect_refusal("token 0 is -1; allowed: 0 to 49", engine.begin({{0, 1, {~0, 1}, 1, true}}));
    expect_refusal("3 rows are provisional and do not run ahead; allowed: up to 2",
        engine.begin({{0, 1, {1}, 1, true}, {1, 3, {1}, 1, true}, {2, 5, {1}, 1, true}, {3, 0, {~1}, 1, true}}));
    expect_refusal("token_count is 2; the rows have 3", [&] {
        const ctn_row rows[] = {{1, 0, 1, 1, 1}, {3, 1, 1, 1, 1}, {5, 2, 1, 1, 1}};
        const int32_t tokens[] = {~0, ~1};
        return ctn_engine_begin_step(engine.handle, rows, 3, tokens, 2, nullptr);
    }());
    CHECK_OK(engine.begin({{4, 0, {1}, 0}}));
    CHECK_OK(engine.begin({{0, 1, {~2}, 1, true}, {1, 3, {1}, 1, true}, {2, 5, {1}, 1, true}, {3, 0, {~1}, 1, true}}));
    expect_refusal("the draw from row 4 of logits; the last step with logits has 4", engine.begin({{0, 1, {~4}, 0, true}}));

    Engine untouched(model);
    begin_prompts(untouched, 3);
    std::vector<int> drawn;
    untouched.end(&drawn);
    engine.end();
    const auto expected = untouched.run({{0, 1, {drawn[2]}, 1, true}, {1, 3, {1}, 1, true}, {2, 5, {1}}, {3, 0, {drawn[1]}}});
    CHECK(has_same_bits(expected, engine.end()), "logits after what was refused");
}

TEST(BeginStep_TwoUnderWay_RefusesAThird)
{
    const Model model({});
    Engine engine(model);
    begin_prompts(engine, 2);
    CHECK_OK(engine.begin({{0, 1, {~0}, 1, true}}, greedy(1)));
    expect_refusal("2 steps are under way; end the oldest", engine.begin({{1, 3, {~0}, 1, true}}));
    CHECK_OK(engine.begin({{4, 0, {1, 2, 3}, 0}}));
    expect_refusal("2 steps are under way; end the oldest", engine.begin({{1, 3, {4}}}));
    /* What was refused forgot nothing. */
    CHECK_OK(ctn_engine_commit(engine.handle, 0, 1));
    engine.end();
    CHECK_OK(engine.begin({{0, 2, {~0}, 1, true}}, greedy(1)));
    engine.end();
    engine.end();
    expect_refusal("no step is under way", ctn_engine_end_step(engine.handle, nullptr));
}

TEST(ReadLogits_UntilTheSecondStepAfter_AreThere)
{
    const Model model({});
    Engine engine(model);
    begin_prompts(engine, 2);
    CHECK_OK(engine.begin({{0, 1, {~0}, 1, true}}, greedy(1)));
    const auto first = engine.end();
    CHECK_OK(engine.begin({{4, 0, {1}, 0}}));
    CHECK(has_same_bits(first, engine.logits(0, 2)), "logits beside a quiet step");
    CHECK_OK(engine.begin({{1, 3, {~0}, 1, true}}, greedy(1)));
    float logit;
    expect_refusal("2 steps are under way; the logits of the one before them are gone", ctn_engine_read_logits(engine.handle, 0, 1, &logit));
    const auto second = engine.end();
    CHECK(!has_same_bits(second, {first.begin(), first.begin() + 50}), "logits of another step");
    const auto third = engine.end();
    CHECK_OK(engine.begin({{2, 0, {1}}}));
    CHECK(has_same_bits(third, engine.logits(0, 1)), "logits with a newer step under way");
}

/* What is called while an uncommitted row of the slot is under way sees the slot without it; commit still has it. */
TEST(SlotCalls_RowUnderWay_SeeTheSlotWithoutIt)
{
    const Model model({});
    for (const int interval : {1, 16}) {
        ctn_engine_config config = config_of(model);
        config.fold_interval = interval;
        Engine engine(model, config);
        const auto start = [&] {
            engine.clear(0);
            engine.run({{0, 0, prompt}});
            engine.run({{0, 9, {1}}});
        };
        start();
        const auto before = engine.state(0);
        engine.run({{0, 10, {2}}});
        const auto after = engine.state(0), filled = std::vector<float>(before.size(), 3);
        const auto is_without = [&](int slot) { return has_same_bits(before, engine.state(slot)); };
        const std::function<void()> calls[] = {
            [&] { const int read = engine.begin_read(0); CHECK(has_same_bits(before, engine.end_read(read)), "a read"); },
            [&] { CHECK_OK(ctn_engine_copy_slot(engine.handle, 0, 3)); CHECK(is_without(3), "a copy"); },
            [&] { CHECK_OK(ctn_engine_copy_slot(engine.handle, 0, 4)); engine.run({{4, 10, {5}, 0}}); },
        };
        for (int kind = 0; kind < 5; kind++) {
            start();
            CHECK_OK(engine.begin({{5, 0, {2}}}, greedy(1)));
            CHECK_OK(engine.begin({{0, 10, {2}, 1, true}}, greedy(1)));
            engine.end();
            if (kind < 3) {
                calls[kind]();
                CHECK_OK(ctn_engine_commit(engine.handle, 0, 1));
                CHECK(has_same_bits(after, engine.state(0)), "state after case %d", kind);
            } else {
                CHECK_OK(kind == 3 ? ctn_engine_fill_slot(engine.handle, 0, 3) : ctn_engine_write_slot(engine.handle, 0, filled.data()));
                expect_refusal("allowed: 0 to the 0 tokens", ctn_engine_commit(engine.handle, 0, 1));
                CHECK(has_same_bits(filled, engine.state(0)), "state after case %d", kind);
            }
            engine.end();
        }
    }
}

}  // namespace

TEST_MAIN_NOW_AND_LATE
