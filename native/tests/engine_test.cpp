/* Whole steps of an engine against the double reference, and against themselves: splits, company, folds. */
#include "engine_case.h"

namespace {

using namespace test;

/* Worst differences of a session's logits and state from the reference, its tokens given in rows of the given lengths. */
void compare(const Model &model, ctn_engine_config config, const std::vector<int> &lengths, double tolerance)
{
    Engine engine(model, config);
    Reference reference(model);
    double worst = 0;
    for (const int length : lengths) {
        const auto tokens = tokens_of(length, (unsigned)reference.position + 1, model.sizes.vocabulary);
        const auto logits = engine.run({{3, reference.position, tokens, std::min(length, config.max_rows)}});
        std::vector<double> expected;
        for (int i = 0; i < length; i++) {
            const auto row = reference.step(tokens[i]);
            if (i >= length - std::min(length, config.max_rows))
                expected.insert(expected.end(), row.begin(), row.end());
        }
        worst = std::max(worst, largest_difference(logits, expected));
    }
    const double of_state = largest_difference(engine.state(3), reference.state);
    CHECK(worst <= tolerance, "logits differ by %g of %g", worst, tolerance);
    CHECK(of_state <= tolerance, "states differ by %g of %g", of_state, tolerance);
}

const std::vector<int> mixed_lengths = {1, 1, 9, 1, 8, 1, 1, 17, 2, 3, 1, 1, 1, 1, 5, 1, 1, 1};

TEST(Step_HeadDim16_EqualsTheReference)
{
    const Model model({});
    compare(model, config_of(model), mixed_lengths, 1e-5);
}

TEST(Step_HeadDim64_EqualsTheReference)
{
    const Model model({2, 2, 64, 64, 96, 61, false});
    compare(model, config_of(model), mixed_lengths, 1e-5);
}

TEST(Step_TiedHeadWithoutRotaryOddWidths_EqualsTheReference)
{
    const Model model({3, 1, 18, 0, 10, 33, true});
    compare(model, config_of(model), mixed_lengths, 1e-5);
}

TEST(Step_Bf16_IsNearTheReference)
{
    const Model model({2, 2, 64, 32, 96, 61, false});
    ctn_engine_config config = config_of(model);
    config.weight_dtype = CTN_BF16;
    compare(model, config, mixed_lengths, 0.05);
}

TEST(Step_EveryFoldInterval_SameBits)
{
    const Model model({});
    std::vector<float> expected_logits, expected_state;
    for (int interval = 1; interval <= 16; interval++) {
        ctn_engine_config config = config_of(model);
        config.fold_interval = interval;
        Engine engine(model, config);
        std::vector<float> logits;
        int64_t position = 5;
        for (const int length : mixed_lengths) {
            const auto row = engine.run({{0, position, tokens_of(length, (unsigned)position)}});
            logits.insert(logits.end(), row.begin(), row.end());
            position += length;
        }
        const auto state = engine.state(0);
        if (interval == 1) {
            expected_logits = logits;
            expected_state = state;
        }
        CHECK(has_same_bits(expected_logits, logits), "logits with fold_interval %d", interval);
        CHECK(has_same_bits(expected_state, state), "state with fold_interval %d", interval);
    }
}

TEST(Step_TokensSplitOtherwise_SameBits)
{
    for (const ctn_dtype type : {CTN_F32, CTN_BF16}) {
        const Model model({2, 2, 64, 16, 32, 50, false});
        ctn_engine_config config = config_of(model);
        config.weight_dtype = type;
        Engine engine(model, config);
        const auto tokens = tokens_of(40, 3);
        const auto expected = engine.run({{0, 0, tokens}});
        const auto expected_state = engine.state(0);
        for (const int length : {1, 2, 3, 7, 8, 9, 13, 39}) {
            engine.clear(1);
            std::vector<float> logits;
            for (size_t first = 0; first < tokens.size(); first += (size_t)length)
                logits = engine.run({{1, (int64_t)first, part_of(tokens, first, std::min((size_t)length, tokens.size() - first))}});
            CHECK(has_same_bits(expected, logits), "logits of rows of %d tokens", length);
            CHECK(has_same_bits(expected_state, engine.state(1)), "state of rows of %d tokens", length);
        }
    }
}

TEST(Step_RowsTogether_SameBitsAsAlone)
{
    const Model model({});
    Engine engine(model);
    std::vector<Part> parts;
    const int lengths[] = {1, 12, 3, 8, 9, 1};
    for (int slot = 0; slot < 6; slot++)
        parts.push_back({slot, slot * 1000, tokens_of(lengths[slot], (unsigned)slot + 20), slot == 4 ? 0 : 1});

    const auto together = engine.run(parts);
    std::vector<std::vector<float>> states;
    for (int slot = 0; slot < 6; slot++)
        states.push_back(engine.state(slot));

    std::vector<float> alone;
    for (const Part &part : parts) {
        engine.clear(part.slot);
        const auto logits = engine.run({part});
        alone.insert(alone.end(), logits.begin(), logits.end());
        CHECK(has_same_bits(states[(size_t)part.slot], engine.state(part.slot)), "state of slot %d", part.slot);
    }
    CHECK(has_same_bits(alone, together), "logits");
}

/* Long rows through ctn_chunk among others: near the reference, and the others' bits are those of an engine without it. */
TEST(Step_ChunkRowsAmongOthers_AreNearAndTheOthersTheSame)
{
    const Model model({2, 2, 64, 32, 32, 50, false});
    ctn_engine_config config = config_of(model);
    config.max_tokens = 400;
    Engine plain(model, config);
    config.chunk_tokens = 40;
    Engine engine(model, config);
    const auto before = {Part{1, 0, {9, 9}}, Part{3, 998, {8, 7}}};
    /* Rows of several tokens beside the long ones, and of one token each: a step of decoding beside prefill. */
    for (const std::vector<int> &first : {std::vector<int>{1, 2}, std::vector<int>{1}}) {
        std::vector<Part> parts = {{0, 3, first}, {1, 0, tokens_of(150, 1)}, {3, 1000, tokens_of(40, 3)}, {4, 0, {5}}};
        if (first.size() > 1)
            parts.push_back({2, 7, tokens_of(39, 2)});
        for (Engine *one : {&plain, &engine}) {
            for (int slot = 0; slot < 6; slot++)
                one->clear(slot);
            one->run(before);
            CHECK_OK(ctn_engine_copy_slot(one->handle, 1, 5));
        }
        const auto expected = plain.run(parts), logits = engine.run(parts);

        CHECK(largest_difference(expected, logits) < 5e-5, "logits differ by %g", largest_difference(expected, logits));
        for (const int slot : {0, 2, 4, 5})
            CHECK(has_same_bits(plain.state(slot), engine.state(slot)), "state of slot %d", slot);
        for (const int slot : {1, 3}) {
            const double difference = largest_difference(plain.state(slot), engine.state(slot));
            CHECK(difference < 3e-5 && difference > 0, "states of slot %d differ by %g", slot, difference);
        }
    }
}

/* Beyond the largest graph, where steps are padded to multiples of 256. */
TEST(Step_MoreTokensThanAGraph_SameBitsAsSplit)
{
    const Model model({1, 1, 8, 4, 6, 50, false});
    ctn_engine_config config = config_of(model);
    config.max_tokens = 1500;
    Engine engine(model, config);
    const auto tokens = tokens_of(1281, 3);
    const auto expected = engine.run({{0, 0, tokens}});
    engine.run({{1, 0, part_of(tokens, 0, 700), 0}});
    const auto logits = engine.run({{1, 700, part_of(tokens, 700, 581)}, {2, 5, {1}}});
    CHECK(has_same_bits(expected, {logits.begin(), logits.begin() + 50}), "logits");
    CHECK(has_same_bits(engine.state(0), engine.state(1)), "state");
}

TEST(Step_NoLogits_LeavesThoseOfTheLastStep)
{
    const Model model({});
    Engine engine(model);
    const auto before = engine.run({{0, 0, {1, 2}, 2}});

    engine.run({{0, 2, {3}, 0}});
    engine.run({{0, 3, tokens_of(12, 1), 0}});
    engine.run({});

    CHECK(has_same_bits(before, engine.logits(0, 2)), "logits");
}

TEST(Step_PositionsJump_StateGoesOn)
{
    const Model model({});
    Engine engine(model);
    Reference reference(model);
    std::vector<double> expected;
    std::vector<float> logits;
    for (const int64_t position : {int64_t{5}, int64_t{6}, int64_t{0}, int64_t{1} << 40, (int64_t{1} << 40) + 1, int64_t{3}}) {
        reference.position = position;
        expected = reference.step(4);
        logits = engine.run({{2, position, {4}}});
    }
    CHECK(largest_difference(logits, expected) < 1e-5, "logits differ by %g", largest_difference(logits, expected));
    CHECK(largest_difference(engine.state(2), reference.state) < 1e-5, "states");
}

TEST(Step_PoisonedSlot_StaysThere)
{
    const Model model({});
    Engine engine(model);
    const auto expected = engine.run({{1, 0, {1, 2, 3}}});
    engine.clear(1);
    CHECK_OK(ctn_engine_fill_slot(engine.handle, 0, NAN));
    CHECK_OK(ctn_engine_fill_slot(engine.handle, 2, NAN));

    const auto logits = engine.run({{0, 0, {1, 2, 3}}, {1, 0, {1, 2, 3}}, {2, 0, {5}}});

    for (int i = 0; i < model.sizes.vocabulary; i++)
        CHECK(std::isnan(logits[(size_t)i]), "a logit of the poisoned slot is %g", logits[(size_t)i]);
    CHECK(has_same_bits(expected, {logits.begin() + model.sizes.vocabulary, logits.begin() + 2 * model.sizes.vocabulary}), "logits");
}

}  // namespace

TEST_MAIN
