/* ctn_chunk beside the recurrence in double, beside ctn_fused_recurrent, and beside itself. */
#include "chunk_case.h"
#include "recurrent_reference.h"

#include "../emulation/launch.h"

namespace {

using ctn::emulation::Order;
using test::RecurrentSpec;
using test::RecurrentCase;
using test::Reference;
using test::RowSpec;
using test::run_chunk;

constexpr int64_t far_position = (int64_t{1} << 40) + 12345;

/* Around one chunk, several, and parts; an empty row and padding among them. */
const std::vector<RowSpec> odd_rows = {{2, 1, 0}, {0, 63, 5}, {-1, 3, 7}, {4, 64, 0}, {3, 65, 1000}, {9, 127, 64}, {5, 0, 12},
    {1, 128, far_position}, {-1, 130, 0}, {6, 129, 0}, {8, 200, 1}, {7, 513, 0}};

std::vector<RecurrentSpec> specs(const std::vector<RowSpec> &rows)
{
    return {{2, 64, 64, CTN_F32, CTN_F32, 10, rows, 1}, {3, 64, 20, CTN_BF16, CTN_F32, 10, rows, 2},
        {1, 128, 32, CTN_F32, CTN_F32, 10, rows, 3}, {2, 128, 128, CTN_BF16, CTN_F32, 10, rows, 4}};
}

/* Root of the sum of squares of what differs, over that of a, elements begin .. begin + count - 1. */
double relative_error(const test::Buffer &a, const test::Buffer &b, ctn_dtype dtype, int64_t begin, int64_t count)
{
    double difference = 0;
    double size = 1e-30;
    for (int64_t i = begin; i < begin + count; i++) {
        const double x = test::read_element(a.as<void>(), dtype, i);
        const double y = test::read_element(b.as<void>(), dtype, i);
        difference += (x - y) * (x - y);
        size += x * x;
    }
    return std::sqrt(difference / size);
}

TEST(Chunk_OddLengths_EqualsTheReference)
{
    for (const RecurrentSpec &spec : specs(odd_rows)) {
        RecurrentCase one(spec);
        Reference reference(one);

        run_chunk(one);

        reference.compare_chunk();
        std::printf("  head_dim %3d, dtype %d: outputs %.1e from double\n", spec.head_dim, spec.dtype, reference.output_error());
    }
}

/* The state that a row leaves, and each token's output, so that an error in one does not hide among the others. */
TEST(Chunk_OddLengths_IsCloseToFusedRecurrent)
{
    for (const RecurrentSpec &spec : specs(odd_rows)) {
        RecurrentCase expected(spec);
        RecurrentCase found(spec);
        CHECK_OK(ctn_fused_recurrent(&expected.launch, nullptr));

        run_chunk(found);

        double worst_state = 0;
        double worst_output = 0;
        for (size_t row = 0; row < spec.rows.size(); row++)
            for (int head = 0; expected.slot[row] >= 0 && head < spec.heads; head++) {
                worst_state = std::max(worst_state, relative_error(expected.state, found.state, CTN_F32,
                    expected.state_index(expected.slot[row], head), expected.head_elements));
                for (int64_t token = expected.first[row]; token < expected.first[row + 1]; token++)
                    worst_output = std::max(worst_output, relative_error(expected.o, found.o, spec.dtype,
                        token * expected.o_stride + head * spec.head_dim, spec.head_dim));
            }
        std::printf("  head_dim %3d, dtype %d: worst state %.1e, worst output %.1e from ctn_fused_recurrent\n", spec.head_dim, spec.dtype,
            worst_state, worst_output);
        CHECK(worst_state < (spec.dtype == CTN_F32 ? 1e-5 : 2e-6), "%g", worst_state);
        CHECK(worst_output < (spec.dtype == CTN_F32 ? 3e-5 : 1e-2), "%g", worst_output);
    }
}

TEST(Chunk_AnyOrderOfThreads_HasTheSameBits)
{
    for (const RecurrentSpec &spec : specs({{0, 1, 0}, {-1, 2, 0}, {2, 70, 3}, {1, 200, 0}})) {
        RecurrentCase expected(spec);
        run_chunk(expected);
        for (const Order order : {Order::Reverse, Order::Random, Order::GreedyFirstWarp, Order::GreedyLastWarp}) {
            ctn::emulation::set_order(order, 3);
            RecurrentCase found(spec);
            run_chunk(found);
            ctn::emulation::set_order(Order::Forward);
            CHECK(found.o.copy() == expected.o.copy(), "outputs, order %d, head_dim %d, dtype %d", (int)order, spec.head_dim, spec.dtype);
            CHECK(found.state.copy() == expected.state.copy(), "states, order %d, head_dim %d, dtype %d", (int)order, spec.head_dim, spec.dtype);
        }
    }
}

/* Neighbours before it move a row's tokens in qkv, and its chunks in the workspace; alone, the launch begins behind them. */
TEST(Chunk_RowAmongOthers_HasTheBitsOfTheRowAlone)
{
    for (const RecurrentSpec &spec : specs({{2, 177, 5}, {0, 200, 9}, {1, 130, 0}})) {
        RecurrentCase together(spec);
        RecurrentCase alone(spec);

        run_chunk(together);
        run_chunk(alone, 1, 1);

        const size_t bytes = test::element_bytes(spec.dtype);
        const size_t begin = (size_t)(together.first[1] * together.o_stride) * bytes;
        CHECK(std::memcmp(together.o.as<char>() + begin, alone.o.as<char>() + begin, 200 * (size_t)together.o_stride * bytes) == 0,
            "outputs, head_dim %d, dtype %d", spec.head_dim, spec.dtype);
        CHECK(std::memcmp(together.state.as<float>(), alone.state.as<float>(), (size_t)together.slot_elements * sizeof(float)) == 0,
            "states, head_dim %d, dtype %d", spec.head_dim, spec.dtype);
    }
}

TEST(Chunk_OneTokenARow_NeedsNoTokenBegin)
{
    for (const RecurrentSpec &spec : specs({{3, 1, 0}, {-1, 1, 5}, {1, 1, far_position}})) {
        RecurrentCase one(spec);
        CHECK(one.launch.token_begin == nullptr, "the case has a token_begin");
        Reference reference(one);

        run_chunk(one);

        reference.compare_chunk();
    }
}

TEST(Chunk_NoRows_DoesNothing)
{
    RecurrentCase one({2, 64, 64, CTN_F32, CTN_F32, 2, {{0, 3, 0}}, 1});
    const std::vector<char> before = one.state.copy();
    one.launch.rows = 0;

    CHECK(ctn_chunk_workspace(&one.launch, 0) == 0, "%lld", (long long)ctn_chunk_workspace(&one.launch, 0));
    CHECK_OK(ctn_chunk(&one.launch, 0, nullptr, nullptr));

    CHECK(one.state.copy() == before, "states changed");
}

TEST(Chunk_WrongArguments_AreRefusedWithTheValue)
{
    const struct {
        ctn_status status;
        const char *text;
        int32_t tokens;
        void (*change)(ctn_recurrent &);
    } refused[] = {
        {CTN_UNSUPPORTED, "head_dim is 32", 3, [](ctn_recurrent &launch) { launch.head_dim = launch.rotary_dim = 32; }},
        {CTN_UNSUPPORTED, "state_dtype is 2", 3, [](ctn_recurrent &launch) { launch.state_dtype = CTN_F16; }},
        {CTN_INVALID_ARGUMENT, "2147483647 tokens in 0 rows of 2147483647 heads", 2147483647,
            [](ctn_recurrent &launch) { launch.rows = 0; launch.heads = 2147483647; }},
        {CTN_INVALID_ARGUMENT, "tokens is -1", -1, [](ctn_recurrent &) {}},
        {CTN_INVALID_ARGUMENT, "o_stride is 133", 3, [](ctn_recurrent &launch) { launch.o_stride++; }},
        {CTN_INVALID_ARGUMENT, "struct_size", 3, [](ctn_recurrent &launch) { launch.struct_size--; }},
        {CTN_INVALID_ARGUMENT, "slot is null", 3, [](ctn_recurrent &launch) { launch.slot = nullptr; }},
    };
    for (const auto &one : refused) {
        RecurrentCase with({2, 64, 64, CTN_F32, CTN_F32, 2, {{0, 3, 0}}, 1});
        const std::vector<char> before = with.state.copy();
        one.change(with.launch);

        CHECK(ctn_chunk_workspace(&with.launch, one.tokens) == -1, "a workspace for %s", one.text);
        const test::Buffer workspace(4096);
        const ctn_status status = ctn_chunk(&with.launch, one.tokens, workspace.as<void>(), nullptr);

        CHECK(status == one.status, "status %d, not %d, for %s", status, one.status, one.text);
        CHECK(std::strstr(ctn_last_message(), one.text) != nullptr, "no %s in: %s", one.text, ctn_last_message());
        CHECK(with.state.copy() == before, "states changed for %s", one.text);
    }
    CHECK(ctn_chunk_workspace(nullptr, 1) == -1, "a workspace for no launch");
}

TEST(Chunk_NoWorkspace_IsRefused)
{
    RecurrentCase one({2, 64, 64, CTN_F32, CTN_F32, 2, {{0, 3, 0}}, 1});

    const ctn_status status = ctn_chunk(&one.launch, 3, nullptr, nullptr);

    CHECK(status == CTN_INVALID_ARGUMENT, "status %d", status);
    CHECK(std::strstr(ctn_last_message(), "workspace") != nullptr, "%s", ctn_last_message());
}

}  // namespace

TEST_MAIN
