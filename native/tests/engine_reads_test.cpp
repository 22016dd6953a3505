/* Reads of slots: what they bring over, however steps go on, and that two can be under way. */
#include "engine_case.h"

#include <functional>
#include <thread>

namespace {

using namespace test;

const auto prompt = tokens_of(9, 1);

void start(Engine &engine, int slot)
{
    engine.clear(slot);
    engine.run({{slot, 0, prompt}});
}

/* What a read brings over is of the moment at which it began, whatever becomes of the slot, and another thread may end it. */
TEST(ReadSlot_StepsGoOn_IsOfTheBeginning)
{
    const Model model({});
    Engine engine(model);
    start(engine, 0);
    engine.run({{0, 9, {1}}});
    const auto expected = engine.state(0);
    for (int round = 0; round < 4; round++) {
        start(engine, 0);
        engine.run({{0, 9, {1}}});
        std::vector<float> state;
        const int read = engine.begin_read(0);
        /* Long enough to write the state itself. */
        CHECK_OK(engine.begin({{0, 10, tokens_of(12, 8)}, {1, 0, prompt}}));
        std::thread reader([&] { state = engine.end_read(read); });
        engine.end();
        CHECK_OK(ctn_engine_fill_slot(engine.handle, 0, NAN));
        engine.run({{0, 11, {2}}});
        reader.join();
        CHECK(has_same_bits(expected, state), "round %d", round);
    }
}

/* Whatever is to change the slot next waits for the read, on the device. */
TEST(ReadSlot_SlotChangedAtOnce_IsOfTheBeginning)
{
    const Model model({});
    Engine engine(model);
    start(engine, 0);
    start(engine, 1);
    const auto expected = engine.state(0), other = engine.state(1);
    const std::function<void()> changes[] = {
        [&] { engine.run({{0, 9, tokens_of(12, 7)}}); },
        [&] { engine.run({{0, 9, {1}, 0}, {1, 9, {1}}}); engine.state(0); },
        [&] { engine.clear(0); },
        [&] { CHECK_OK(ctn_engine_copy_slot(engine.handle, 2, 0)); },
        [&] { CHECK_OK(ctn_engine_write_slot(engine.handle, 0, std::vector<float>(other.size(), 3).data())); engine.run({{0, 9, {1}}}); },
    };
    for (const auto &change : changes) {
        start(engine, 0);
        const int read = engine.begin_read(0);
        change();
        const auto after = engine.state(0);
        CHECK(has_same_bits(expected, engine.end_read(read)), "case %ld", (long)(&change - changes));
        CHECK(!has_same_bits(expected, after), "case %ld changed nothing", (long)(&change - changes));
    }
}

TEST(ReadSlot_TwoAtOnce_EndInAnyOrderAndThereIsNoThird)
{
    const Model model({});
    Engine engine(model);
    for (int slot = 0; slot < 3; slot++)
        engine.run({{slot, 0, tokens_of(5 + slot, 9)}});
    const std::vector<float> expected[] = {engine.state(0), engine.state(1), engine.state(2)};
    for (int round = 0; round < 6; round++) {
        const bool is_of_one = round % 3 == 2;
        const int first = engine.begin_read(0), second = engine.begin_read(is_of_one ? 0 : 1);
        CHECK(first >= 0 && second >= 0 && first != second && engine.begin_read(2) == -1, "reads %d and %d", first, second);
        CHECK(round % 2 == 0 || has_same_bits(expected[0], engine.end_read(first)), "first read of round %d", round);
        std::thread reader([&] { CHECK(has_same_bits(expected[is_of_one ? 0 : 1], engine.end_read(second)), "second read of round %d", round); });
        reader.join();
        const int third = engine.begin_read(2);
        CHECK(round % 2 != 0 || has_same_bits(expected[0], engine.end_read(first)), "first read of round %d", round);
        CHECK(has_same_bits(expected[2], engine.end_read(third)), "third read of round %d", round);
    }
}

}  // namespace

TEST_MAIN_NOW_AND_LATE
