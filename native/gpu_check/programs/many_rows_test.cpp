/* Launches with blocks enough for a GPU's large tiles, which the small cases of native/tests never reach there. */
#include "../../tests/recurrent_reference.h"

namespace {

using test::RecurrentCase;
using test::RecurrentSpec;
using test::Reference;
using test::RowSpec;

constexpr int heads = 8;
constexpr int64_t far_position = (int64_t{1} << 40) + 12345;

/* Rows that give each multiprocessor more than four blocks of the smaller of the large tiles. */
int many_rows(int head_dim)
{
    ctn_device_info info = {};
    info.struct_size = sizeof info;
    CHECK_OK(ctn_device_describe(0, &info));
    const int tiles = head_dim == 64 ? 1 : 4;
    return 4 * info.multiprocessors / (heads * tiles) + 2;
}

/* Tokens 0 .. 3 a row, padding, tails of many lengths, every other row folded. */
RecurrentSpec spec_of(int head_dim, ctn_dtype dtype, ctn_dtype state_dtype)
{
    const int rows = many_rows(head_dim);
    RecurrentSpec spec = {heads, head_dim, head_dim / 2, dtype, state_dtype, rows, {}, 31};
    for (int i = 0; i < rows; i++)
        spec.rows.push_back({i % 11 == 7 ? -1 : rows - 1 - i, i % 4, i % 2 == 0 ? far_position + i : i * 37 + 24, i % 24, i / 2 % 2});
    return spec;
}

template <class Body>
void for_each_kind(Body body)
{
    for (const int head_dim : {64, 128})
        for (const ctn_dtype dtype : {CTN_F32, CTN_BF16})
            for (const ctn_dtype state_dtype : {CTN_F32, CTN_F16})
                body(spec_of(head_dim, dtype, state_dtype));
}

TEST(FusedRecurrent_ManyRows_EqualsTheReference)
{
    for_each_kind([](const RecurrentSpec &spec) {
        RecurrentCase one(spec);
        Reference reference(one);
        CHECK_OK(ctn_fused_recurrent(&one.launch, nullptr));
        reference.compare_fused();
    });
}

TEST(Tail_ManyRows_EqualsTheReference)
{
    for_each_kind([](const RecurrentSpec &spec) {
        RecurrentCase one(spec);
        Reference reference(one);
        CHECK_OK(ctn_tail(&one.launch, nullptr));
        reference.compare_tail();
    });
}

/* Every seventh row, alone and so by small tiles. */
void compare_with_alone(const RecurrentSpec &spec, ctn_status (*run)(const ctn_recurrent *, void *))
{
    RecurrentCase together(spec);
    CHECK_OK(run(&together.launch, nullptr));
    RecurrentCase alone(spec);
    for (size_t row = 0; row < spec.rows.size(); row += 7) {
        if (spec.rows[row].slot < 0)
            continue;
        ctn_recurrent launch = alone.launch;
        launch.rows = 1;
        launch.slot += row;
        launch.token_begin += row;
        launch.position += row;
        launch.tail_length += row;
        launch.fold += row;
        CHECK_OK(run(&launch, nullptr));

        const size_t o_bytes = (size_t)together.o_stride * test::element_bytes(spec.dtype);
        const size_t state_bytes = (size_t)together.slot_elements * test::element_bytes(spec.state_dtype);
        const auto slot = (size_t)spec.rows[row].slot;
        CHECK(std::memcmp(together.o.as<char>() + (size_t)together.first[row] * o_bytes, alone.o.as<char>() + (size_t)together.first[row] * o_bytes,
                  (size_t)spec.rows[row].tokens * o_bytes) == 0,
            "outputs of row %zu, head_dim %d, dtype %d, state %d", row, spec.head_dim, spec.dtype, spec.state_dtype);
        CHECK(std::memcmp(together.state.as<char>() + slot * state_bytes, alone.state.as<char>() + slot * state_bytes, state_bytes) == 0,
            "state of row %zu, head_dim %d, dtype %d, state %d", row, spec.head_dim, spec.dtype, spec.state_dtype);
    }
}

TEST(FusedRecurrent_RowAmongMany_HasTheBitsOfAlone)
{
    for_each_kind([](const RecurrentSpec &spec) { compare_with_alone(spec, ctn_fused_recurrent); });
}

TEST(Tail_RowAmongMany_HasTheBitsOfAlone)
{
    for_each_kind([](const RecurrentSpec &spec) { compare_with_alone(spec, ctn_tail); });
}

}  // namespace

TEST_MAIN
