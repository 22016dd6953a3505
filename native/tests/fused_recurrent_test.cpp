#include "recurrent_reference.h"

#include "../emulation/launch.h"

namespace {

using ctn::emulation::Order;
using test::RecurrentCase;
using test::Reference;

constexpr int64_t far_position = (int64_t{1} << 40) + 12345;

/* Single tokens, ragged runs with an empty row, and padding among them; positions from 0 to beyond 2^40. */
const std::vector<test::RowSpec> single_rows = {{3, 1, 0}, {1, 1, 1000000007}, {-1, 1, 5}, {4, 1, far_position}};
const std::vector<test::RowSpec> ragged_rows = {{2, 3, 999}, {0, 17, far_position}, {4, 0, 12}, {-1, 4, 7}, {3, 8, 0}, {1, 1, 63}};

TEST(FusedRecurrent_EveryTypeAndSize_EqualsTheReference)
{
    test::compare_every_type_and_size(ctn_fused_recurrent, &Reference::compare_fused, {single_rows, ragged_rows}, 11);
}

TEST(FusedRecurrent_EveryThreadOrder_GivesTheSameBits)
{
    for (const int head_dim : {64, 128, 48})
        for (const ctn_dtype dtype : {CTN_F32, CTN_BF16}) {
            RecurrentCase one({2, head_dim, 32, dtype, CTN_F16, 5, ragged_rows, 3});
            const auto state = one.state.copy();
            std::vector<char> first_o;
            std::vector<char> first_state;
            for (const Order order : {Order::Forward, Order::Reverse, Order::Random, Order::GreedyFirstWarp, Order::GreedyLastWarp}) {
                one.state.restore(state);
                ctn::emulation::set_order(order, 4);
                CHECK_OK(ctn_fused_recurrent(&one.launch, nullptr));
                if (order == Order::Forward) {
                    first_o = one.o.copy();
                    first_state = one.state.copy();
                }
                CHECK(one.o.copy() == first_o && one.state.copy() == first_state, "order %d gives other bits, head_dim %d", (int)order,
                    head_dim);
            }
        }
    ctn::emulation::set_order(Order::Forward);
}

/* What a step of one token from a state of ones leaves, with the key's components equal and the value a third of a unit of f16. */
std::vector<double> rounded_states(uint64_t seed, int slot)
{
    RecurrentCase one({4, 64, 0, CTN_F32, CTN_F16, 3, {{slot, 1, 0}}});
    for (size_t i = 0; i < one.state.bytes() / 2; i++)
        one.state.as<uint16_t>()[i] = 0x3c00;
    for (int64_t i = 0; i < one.row_stride; i++)
        one.qkv.as<float>()[i] = i < one.launch.v_offset ? 1.0f : 8.0f / 1024 / 3;
    one.launch.rounding_seed = seed;
    CHECK_OK(ctn_fused_recurrent(&one.launch, nullptr));
    std::vector<double> found;
    for (int head = 0; head < 4; head++)
        for (int64_t i = 0; i < one.head_elements; i++)
            found.push_back(test::read_element(one.state.as<void>(), CTN_F16, one.state_index(slot, head) + i));
    return found;
}

TEST(FusedRecurrent_HalfState_RoundsWithoutBias)
{
    const auto states = rounded_states(77, 1);

    size_t up = 0;
    for (const double state : states) {
        CHECK(state == 1 || state == 1 + 1.0 / 1024, "%g is no neighbour", state);
        up += state > 1;
    }
    /* A third of 16384 draws: 5461 with a standard deviation of 60. */
    CHECK(std::fabs((double)up - 5461) < 300, "%zu of %zu went up", up, states.size());
}

TEST(FusedRecurrent_HalfState_RoundsBySeedAndNotBySlot)
{
    const auto states = rounded_states(77, 1);

    CHECK(rounded_states(77, 1) == states, "a second run rounded otherwise");
    CHECK(rounded_states(77, 2) == states, "another slot rounded otherwise");
    CHECK(rounded_states(78, 1) != states, "another seed rounded alike");
    CHECK(rounded_states(77 + (uint64_t{1} << 40), 1) != states, "the upper half of the seed has no effect");
    const size_t head = states.size() / 4;
    CHECK(!std::equal(states.begin(), states.begin() + head, states.begin() + head), "two heads rounded alike");
}

TEST(FusedRecurrent_NoRows_DoesNothing)
{
    ctn_recurrent launch = {};
    launch.struct_size = sizeof launch;
    launch.heads = 1;
    launch.head_dim = 64;

    CHECK_OK(ctn_fused_recurrent(&launch, nullptr));
    CHECK(ctn_last_message()[0] == 0, "message '%s' after success", ctn_last_message());
}

TEST(FusedRecurrent_WrongArguments_AreRefusedByName)
{
    const RecurrentCase one({2, 64, 32, CTN_F32, CTN_F32, 2, {{0, 1, 5}}});
    const auto with = [&](auto change) {
        ctn_recurrent launch = one.launch;
        change(launch);
        return launch;
    };
    const struct {
        const char *part;
        ctn_status status;
        ctn_recurrent launch;
    } wrong[] = {
        {"struct_size of ctn_recurrent is 8", CTN_INVALID_ARGUMENT, with([](auto &l) { l.struct_size = 8; })},
        {"rows is -1", CTN_INVALID_ARGUMENT, with([](auto &l) { l.rows = -1; })},
        {"heads is 0", CTN_INVALID_ARGUMENT, with([](auto &l) { l.heads = 0; })},
        {"too many for one launch", CTN_INVALID_ARGUMENT, with([](auto &l) { l.rows = l.heads = 0x7fffffff; })},
        {"head_dim is 258", CTN_UNSUPPORTED, with([](auto &l) { l.head_dim = 258; })},
        {"head_dim is 63", CTN_UNSUPPORTED, with([](auto &l) { l.head_dim = 63; })},
        {"head_dim is 0", CTN_UNSUPPORTED, with([](auto &l) { l.head_dim = 0; })},
        {"rotary_dim is 66", CTN_INVALID_ARGUMENT, with([](auto &l) { l.rotary_dim = 66; })},
        {"rotary_dim is 3", CTN_INVALID_ARGUMENT, with([](auto &l) { l.rotary_dim = 3; })},
        {"dtype is 2", CTN_UNSUPPORTED, with([](auto &l) { l.dtype = CTN_F16; })},
        {"state_dtype is 1", CTN_UNSUPPORTED, with([](auto &l) { l.state_dtype = CTN_BF16; })},
        {"max_row_tokens is -1", CTN_INVALID_ARGUMENT, with([](auto &l) { l.max_row_tokens = -1; })},
        {"qkv is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.qkv = nullptr; })},
        {"o is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.o = nullptr; })},
        {"slot is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.slot = nullptr; })},
        {"position is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.position = nullptr; })},
        {"sigma is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.sigma = nullptr; })},
        {"state is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.state = nullptr; })},
        {"turns is null", CTN_INVALID_ARGUMENT, with([](auto &l) { l.turns = nullptr; })},
        {"qkv is not aligned to 8", CTN_INVALID_ARGUMENT, with([](auto &l) { l.qkv = static_cast<const char *>(l.qkv) + 4; })},
        {"o is not aligned", CTN_INVALID_ARGUMENT, with([](auto &l) { l.o = static_cast<char *>(l.o) + 2; })},
        {"state is not aligned to 16", CTN_INVALID_ARGUMENT, with([](auto &l) { l.state = static_cast<char *>(l.state) + 8; })},
        {"k_offset is 131", CTN_INVALID_ARGUMENT, with([](auto &l) { l.k_offset = 131; })},
        {"v_offset is 264", CTN_INVALID_ARGUMENT, with([](auto &l) { l.v_offset = 264; })},
        {"q_offset is -2", CTN_INVALID_ARGUMENT, with([](auto &l) { l.q_offset = -2; })},
        {"row_stride is 391", CTN_INVALID_ARGUMENT, with([](auto &l) { l.row_stride = 391; })},
        {"o_stride is 126", CTN_INVALID_ARGUMENT, with([](auto &l) { l.o_stride = 126; })},
        {"head_stride 4092", CTN_INVALID_ARGUMENT, with([](auto &l) { l.head_stride = 4092; })},
        {"head_stride 4098", CTN_INVALID_ARGUMENT, with([](auto &l) { l.head_stride = 4098; })}};
    for (const auto &attempt : wrong) {
        const ctn_status status = ctn_fused_recurrent(&attempt.launch, nullptr);
        CHECK(status == attempt.status, "status %d instead of '%s'", status, attempt.part);
        CHECK(std::strstr(ctn_last_message(), attempt.part) != nullptr, "message '%s' lacks '%s'", ctn_last_message(), attempt.part);
    }
    CHECK(ctn_fused_recurrent(nullptr, nullptr) == CTN_INVALID_ARGUMENT, "null was accepted");
    CHECK(std::isnan(one.output(0, 0, 0)), "a refused launch wrote");
}

}  // namespace

TEST_MAIN
