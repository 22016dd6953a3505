/* A missing barrier in ctn_chunk is a data race. Two tiles of tokens, so that shared memory is filled a second time. */
#include "chunk_case.h"
#include "recurrent_reference.h"

namespace {

void run_against_reference(const test::RecurrentSpec &spec)
{
    test::RecurrentCase one(spec);
    test::Reference reference(one);

    test::run_chunk(one);

    reference.compare_chunk();
}

TEST(Chunk_F32Rows_HasNoRace) { run_against_reference({1, 64, 64, CTN_F32, CTN_F32, 2, {{1, 70, 0}}, 1}); }

TEST(Chunk_Bf16Rows_HasNoRace) { run_against_reference({1, 128, 32, CTN_BF16, CTN_F32, 2, {{-1, 1, 0}, {0, 70, 3}}, 1}); }

}  // namespace

TEST_MAIN
