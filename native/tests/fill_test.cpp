#include "../src/fill.h"

#include "test.h"

#include <cmath>

namespace {

TEST(Fill_OddSizes_SetsThoseAlone)
{
    for (const int64_t count : {0, 4, 1020, 1024, 4100}) {
        std::vector<float> after(4104);
        void *memory;
        CHECK_OK(ctn::allocate(&memory, after.size() * sizeof(float), "the test"));
        CHECK_OK(ctn::fill(memory, count, CTN_F32, 1.5f, nullptr));
        CHECK_OK(ctn::copy(after.data(), memory, after.size() * sizeof(float), nullptr));
        for (size_t i = 0; i < after.size(); i++)
            CHECK((int64_t)i < count ? after[i] == 1.5f : std::isnan(after[i]), "%g at %zu of %lld", after[i], i, (long long)count);
        ctn::release(memory);
    }
}

TEST(Fill_Halves_HoldsTheValue)
{
    std::vector<uint16_t> after(24);
    void *memory;
    CHECK_OK(ctn::allocate(&memory, after.size() * 2, "the test"));
    CHECK_OK(ctn::fill(memory, 16, CTN_BF16, 1.5f, nullptr));
    CHECK_OK(ctn::fill(static_cast<uint16_t *>(memory) + 8, 8, CTN_F16, -1.5f, nullptr));
    CHECK_OK(ctn::copy(after.data(), memory, after.size() * 2, nullptr));
    CHECK(after[0] == 0x3fc0 && after[7] == 0x3fc0, "bf16 %04x %04x", after[0], after[7]);
    CHECK(after[8] == 0xbe00 && after[15] == 0xbe00, "f16 %04x %04x", after[8], after[15]);
    CHECK(after[16] == 0xffff, "%04x behind the end", after[16]);
    ctn::release(memory);
}

TEST(Fill_PartOfAGroup_IsRefused)
{
    const ctn_status status = ctn::fill(nullptr, 6, CTN_F32, 0, nullptr);

    CHECK(status == CTN_INVALID_ARGUMENT, "status %d", status);
    CHECK(std::strstr(ctn_last_message(), "6") != nullptr, "%s", ctn_last_message());
}

TEST(Graph_Captured_RunsWithItsArguments)
{
    float after[4] = {0, 0, 0, 0};
    void *memory;
    ctn::Stream stream;
    ctn::Graph graph;
    CHECK_OK(ctn::allocate(&memory, sizeof after, "the test"));
    CHECK_OK(ctn::create_stream(&stream));
    CHECK_OK(ctn::begin_capture(stream));
    CHECK_OK(ctn::fill(memory, 4, CTN_F32, 2, stream));
    CHECK_OK(ctn::end_capture(stream, &graph));
    CHECK_OK(ctn::copy(after, memory, sizeof after, stream));
    CHECK(std::isnan(after[0]), "ran while it was captured: %g", after[0]);

    CHECK_OK(ctn::launch_graph(graph, stream));
    CHECK_OK(ctn::copy(after, memory, sizeof after, stream));
    CHECK_OK(ctn::synchronize(stream));

    CHECK(after[3] == 2, "%g", after[3]);
    ctn::destroy_graph(graph);
    ctn::destroy_stream(stream);
    ctn::release(memory);
}

}  // namespace

TEST_MAIN
