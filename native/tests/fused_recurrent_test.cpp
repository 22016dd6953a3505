#include "recurrent_reference.h"

#include "../emulation/launch.h"

namespace {

using ctn::emulation::Order;
using test::RecurrentCase;
using test::CaseSpec;
using test::Reference;

constexpr int64_t far_position = (int64_t{1} << 40) + 12345;

/* Single tokens, ragged runs with an empty row, and padding among them; positions from 0 to beyond 2^40. */
const std::vector<test::RowSpec> single_rows = {{3, 1, 0}, {1, 1, 1000000007}, {-1, 1, 5}, {4, 1, far_position}};
const std::vector<test::RowSpec> ragged_rows = {{2, 3, 999}, {0, 17, far_position}, {4, 0, 12}, {-1, 4, 7}, {3, 8, 0}, {1, 1, 63}};

void run_against_reference(const CaseSpec &spec)
{
    RecurrentCase one(spec);
    Reference reference(one);

    CHECK_OK(ctn_fused_recurrent(&one.launch, nullptr));

    const int before = test::failures();
    reference.compare_fused();
    if (test::failures() != before)
        std::printf("  with %d heads of %d, rotary %d, rows %d, state %d\n", spec.heads, spec.head_dim, spec.rotary_dim, spec.dtype,
            spec.state_dtype);
}

TEST(FusedRecurrent_EveryTypeAndSize_EqualsTheReference)
{
    const struct {
        int heads, head_dim, rotary_dim;
    } sizes[] = {{5, 64, 64}, {3, 128, 32}, {1, 64, 0}, {2, 2, 2}, {3, 6, 4}, {2, 16, 8}, {1, 100, 100}, {2, 130, 20}, {1, 256, 64}};
    for (const auto &size : sizes)
        for (const ctn_dtype dtype : {CTN_F32, CTN_BF16})
            for (const ctn_dtype state_dtype : {CTN_F32, CTN_F16})
                for (const auto &rows : {single_rows, ragged_rows})
                    run_against_reference({size.heads, size.head_dim, size.rotary_dim, dtype, state_dtype, 5, rows, 11});
}

}  // namespace

TEST_MAIN
