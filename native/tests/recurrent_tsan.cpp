/* Small launches with every CUDA thread as an OS thread: ThreadSanitizer reports what no barrier orders. The runs are longer than
 * what a block makes ready at once, so that shared memory is used again. */
#include "recurrent_reference.h"

namespace {

using test::RecurrentCase;
using test::Reference;

TEST(FusedRecurrent_Threads_HaveNoRace)
{
    for (const int head_dim : {64, 20}) {
        RecurrentCase one({1, head_dim, 16, CTN_BF16, CTN_F32, 2, {{0, 18, 7}, {1, 1, 3}}, 2});
        Reference reference(one);
        CHECK_OK(ctn_fused_recurrent(&one.launch, nullptr));
        reference.compare_fused();
    }
}

TEST(FusedRecurrent_LargeTiles_HaveNoRace)
{
    RecurrentCase one({4, 128, 128, CTN_F32, CTN_F16, 1, {{0, 9, 0}}, 2});
    Reference reference(one);
    CHECK_OK(ctn_fused_recurrent(&one.launch, nullptr));
    reference.compare_fused();
}

TEST(Tail_Threads_HaveNoRace)
{
    for (const int head_dim : {64, 20}) {
        RecurrentCase one({1, head_dim, 16, CTN_BF16, CTN_F32, 2, {{0, 3, 40, 11, 1}, {1, 8, 100, 24, 0}}, 2});
        Reference reference(one);
        CHECK_OK(ctn_tail(&one.launch, nullptr));
        reference.compare_tail();
    }
}

}  // namespace

TEST_MAIN
