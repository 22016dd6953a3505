/* Steps on one thread while another ends reads of slots: ThreadSanitizer reports what the two share without order. */
#include "engine_case.h"

#include <thread>

namespace {

using namespace test;

TEST(ReadSlot_EndedOnAnotherThreadWhileStepsGoOn_HasNoRace)
{
    const Model model({1, 1, 8, 4, 6, 11, false});
    ctn_engine_config config = config_of(model);
    config.slots = 3;
    config.max_rows = config.max_tokens = 2;
    for (const auto pace : {ctn::emulation::Pace::Now, ctn::emulation::Pace::Late}) {
        ctn::emulation::set_pace(pace);
        Engine engine(model, config);
        engine.run({{0, 0, {1}}});
        for (int round = 0; round < 2; round++) {
            std::vector<float> states[2] = {std::vector<float>(model.sizes.state(), 7), std::vector<float>(model.sizes.state(), 7)};
            std::thread readers[2];
            for (const int slot : {0, 1}) {
                const int read = engine.begin_read(slot);
                readers[slot] = std::thread([&engine, read, &state = states[slot]] {
                    CHECK_OK(ctn_engine_end_read_slot(engine.handle, read, state.data()));
                });
            }
            CHECK_OK(engine.begin({{0, round + 1, {2}}, {1, round, {3}}}));
            CHECK_OK(engine.begin({{0, round + 2, {~0}, 1, true}}));
            engine.end();
            CHECK_OK(ctn_engine_write_slot(engine.handle, 2, std::vector<float>(states[0].size()).data()));
            /* As soon as one of the two has ended, its place is another's. */
            int read;
            while ((read = engine.begin_read(2)) < 0)
                std::this_thread::yield();
            engine.end();
            engine.end_read(read);
            for (const int slot : {0, 1}) {
                readers[slot].join();
                CHECK(states[slot][0] != 7, "nothing was read");
            }
        }
    }
}

/* The device fails under both threads at once: one message is kept. */
TEST(FailedDevice_SeenByTwoThreads_HasNoRace)
{
    const Model model({1, 1, 8, 4, 6, 11, false});
    ctn_engine_config config = config_of(model);
    config.max_rows = config.max_tokens = 2;
    config.provisional_rows = 0;
    ctn::emulation::set_pace(ctn::emulation::Pace::Late);
    Engine engine(model, config);
    std::vector<float> state(model.sizes.state());
    const int number = engine.begin_read(0);
    CHECK_OK(engine.begin({{0, 0, {1}}}));
    ctn::emulation::fail_work(0);
    ctn_status read = CTN_OK;
    std::thread reader([&] { read = ctn_engine_end_read_slot(engine.handle, number, state.data()); });
    const ctn_status stepped = ctn_engine_end_step(engine.handle, nullptr);
    reader.join();
    CHECK(read == CTN_DEVICE_ERROR && stepped == CTN_DEVICE_ERROR, "statuses %d and %d", read, stepped);
    CHECK(ctn_engine_fill_slot(engine.handle, 0, 0) == CTN_DEVICE_ERROR, "%s", ctn_last_message());
}

}  // namespace

TEST_MAIN
