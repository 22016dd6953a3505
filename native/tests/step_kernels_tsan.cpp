/* Norms and draws with an OS thread for every CUDA thread: ThreadSanitizer reports accesses that no barrier orders. */
#include "step_kernels_case.h"

namespace {

using namespace test;

TEST(LayerNorm_OfFourWarps_HasNoRace)
{
    const auto y = norm_rows(random_values(600, 1), {1, 0}, 300, CTN_F32);
    CHECK(std::isfinite(y[0]) && std::isfinite(y[599]), "%g %g", (double)y[0], (double)y[599]);
}

TEST(Draw_OfTwoWarps_HasNoRace)
{
    const auto row = random_values(150, 1);
    std::vector<float> logits;
    for (int i = 0; i < 4; i++)
        logits.insert(logits.end(), row.begin(), row.end());
    const std::vector<ctn_draw> draws = {
        {0.3, 1, 0, 0, 0, 150, 1}, {0.3, 1, 0, 1, 1, 150, 1}, {0.6, 0.9, 0.01, 1, 20, 150, 1}, {0.9, 0.7, 0, 2, 0, 140, 1}};
    const auto drawn = draw_on_device(logits, draws, 64);
    CHECK(drawn[0] == drawn[1] && drawn[0] >= 0 && drawn[2] >= 0 && drawn[3] >= 0 && drawn[3] < 140, "%d %d %d %d", drawn[0], drawn[1],
        drawn[2], drawn[3]);
}

}  // namespace

TEST_MAIN
