#include "recurrent_reference.h"

#include "../emulation/launch.h"

namespace {

using ctn::emulation::Order;
using test::RecurrentCase;
using test::Reference;
using test::RowSpec;

constexpr int64_t far_position = (int64_t{1} << 40) + 12345;

/* Slot, new tokens, position, entries in the tail, fold. Rings wrap at 32. */
const std::vector<RowSpec> decode_rows = {{3, 1, 0, 0, 0}, {1, 1, 1000000007, 15, 1}, {-1, 1, 5, 3, 1}, {4, 1, far_position, 31, 0}};
const std::vector<RowSpec> ragged_rows = {
    {2, 3, 999, 7, 1}, {0, 8, far_position, 24, 1}, {4, 0, 40, 16, 1}, {-1, 4, 7, 2, 1}, {3, 2, 5, 5, 0}, {1, 0, 63, 9, 0}};

TEST(Tail_EveryTypeAndSize_EqualsTheReference)
{
    test::compare_every_type_and_size(ctn_tail, &Reference::compare_tail, {decode_rows, ragged_rows}, 12);
}

TEST(Tail_NoRows_DoesNothing)
{
    RecurrentCase one({1, 64, 64, CTN_F32, CTN_F32, 1, {{0, 1, 0}}});
    one.launch.rows = 0;
    const auto before = one.o.copy();

    CHECK_OK(ctn_tail(&one.launch, nullptr));

    CHECK(one.o.copy() == before, "o was written");
}

TEST(Tail_EveryThreadOrder_GivesTheSameBits)
{
    for (const int head_dim : {64, 128, 48})
        for (const ctn_dtype dtype : {CTN_F32, CTN_BF16}) {
            RecurrentCase one({2, head_dim, 32, dtype, CTN_F32, 5, ragged_rows, 3});
            const auto state = one.state.copy();
            const auto tail = one.tail.copy();
            std::vector<char> first_o;
            std::vector<char> first_state;
            std::vector<char> first_tail;
            for (const Order order : {Order::Forward, Order::Reverse, Order::Random, Order::GreedyFirstWarp, Order::GreedyLastWarp}) {
                one.state.restore(state);
                one.tail.restore(tail);
                ctn::emulation::set_order(order, 9);
                CHECK_OK(ctn_tail(&one.launch, nullptr));
                if (order == Order::Forward) {
                    first_o = one.o.copy();
                    first_state = one.state.copy();
                    first_tail = one.tail.copy();
                }
                CHECK(one.o.copy() == first_o && one.state.copy() == first_state && one.tail.copy() == first_tail,
                    "order %d gives other bits, head_dim %d", (int)order, head_dim);
            }
        }
    ctn::emulation::set_order(Order::Forward);
}

TEST(Tail_RowBeyondItsBounds_IsLeftAlone)
{
    /* 25 + 8 entries in a ring of 32; a negative length; more new tokens than a block holds; the last row is in order. */
    RecurrentCase one({2, 64, 32, CTN_F32, CTN_F32, 5, {{0, 8, 100, 25, 1}, {1, 1, 100, -1, 1}, {2, 9, 100, 0, 1}, {3, 2, 100, 1, 1}}});
    one.launch.max_row_tokens = 8;
    const auto state = one.state.copy();
    const auto tail = one.tail.copy();

    CHECK_OK(ctn_tail(&one.launch, nullptr));

    const size_t others = 3 * one.slot_elements * sizeof(float);
    CHECK(std::memcmp(one.state.as<char>(), state.data(), others) == 0, "a state was written");
    CHECK(std::memcmp(one.tail.as<char>(), tail.data(), 3 * one.launch.tail_slot_stride * sizeof(float)) == 0, "a tail was written");
    for (int64_t token = 0; token < 18; token++)
        CHECK(std::isnan(one.output(token, 0, 0)), "token %lld was written", (long long)token);
    CHECK(!std::isnan(one.output(19, 1, 63)), "the row in order was left out");
    CHECK(one.state.copy() != state, "the row in order was not folded");
}

TEST(Tail_WrongArguments_AreRefusedByName)
{
    const RecurrentCase one({1, 64, 32, CTN_BF16, CTN_F32, 2, {{0, 1, 5}}});
    const struct {
        const char *part;
        ctn_recurrent launch;
    } wrong[] = {
        {"tail_capacity is 24", [&] { auto l = one.launch; l.tail_capacity = 24; return l; }()},
        {"tail_capacity is 64", [&] { auto l = one.launch; l.tail_capacity = 64; return l; }()},
        {"tail_capacity is 0", [&] { auto l = one.launch; l.tail_capacity = 0; return l; }()},
        {"max_row_tokens is 9", [&] { auto l = one.launch; l.max_row_tokens = 9; return l; }()},
        {"room for 2", [&] { auto l = one.launch; l.tail_capacity = 2; l.max_row_tokens = 3; return l; }()},
        {"tail is null", [&] { auto l = one.launch; l.tail = nullptr; return l; }()},
        {"tail_length is null", [&] { auto l = one.launch; l.tail_length = nullptr; return l; }()},
        {"fold is null", [&] { auto l = one.launch; l.fold = nullptr; return l; }()},
        {"tail is not aligned", [&] { auto l = one.launch; l.tail = static_cast<char *>(l.tail) + 2; return l; }()},
        {"tail_head_stride 4095", [&] { auto l = one.launch; l.tail_head_stride = 4095; return l; }()},
        {"qkv is null", [&] { auto l = one.launch; l.qkv = nullptr; return l; }()}};
    for (const auto &attempt : wrong) {
        const ctn_status status = ctn_tail(&attempt.launch, nullptr);
        CHECK(status == CTN_INVALID_ARGUMENT, "status %d instead of '%s'", status, attempt.part);
        CHECK(std::strstr(ctn_last_message(), attempt.part) != nullptr, "message '%s' lacks '%s'", ctn_last_message(), attempt.part);
    }
    CHECK(std::isnan(one.output(0, 0, 0)), "a refused launch wrote");
}

}  // namespace

TEST_MAIN
