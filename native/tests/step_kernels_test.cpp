/* The kernels beside the recurrence, each against plain loops in double. */
#include "../emulation/launch.h"
#include "step_kernels_case.h"

namespace {

using namespace test;
using ctn::emulation::Order;

constexpr Order other_orders[] = {Order::Reverse, Order::Random, Order::GreedyFirstWarp, Order::GreedyLastWarp};

/* Half a unit in the last place of a type, with a little for the arithmetic. */
double tolerance_of(ctn_dtype type, double value)
{
    return (type == CTN_BF16 ? 0.0041 : 2e-6) * (1 + std::fabs(value));
}

TEST(LayerNorm_OddWidthsAndGather_EqualsDouble)
{
    for (const ctn_dtype type : {CTN_F32, CTN_BF16})
        for (const int width : {1, 2, 31, 33, 100, 129, 300, 513, 1000}) {
            /* A mean far from 0, where the mean of squares would lose everything. */
            auto x = random_values((size_t)(4 * width), (unsigned)width);
            for (float &value : x)
                value += 100;
            const auto weight = random_values((size_t)width, 2), bias = random_values((size_t)width, 3);
            const std::vector<int32_t> gather = {3, 0, 3};
            const auto y = norm_rows(x, gather, width, type);
            for (size_t row = 0; row < gather.size(); row++) {
                const float *const from = &x[(size_t)(gather[row] * width)];
                double mean = 0, variance = 0;
                for (int i = 0; i < width; i++)
                    mean += from[i] / (double)width;
                for (int i = 0; i < width; i++)
                    variance += (from[i] - mean) * (from[i] - mean) / width;
                for (int i = 0; i < width; i++) {
                    const double expected = (from[i] - mean) / std::sqrt(variance + 1e-5) * weight[(size_t)i] + bias[(size_t)i];
                    const double difference = std::fabs(y[row * (size_t)width + (size_t)i] - expected);
                    /* The inputs' own rounding at 100 counts too. */
                    CHECK(difference <= tolerance_of(type, expected) + 3e-5, "width %d differs by %g", width, difference);
                }
            }
        }
}

TEST(LayerNorm_EveryThreadOrder_SameBits)
{
    for (const int width : {300, 700}) {
        const auto x = random_values((size_t)(2 * width), 1);
        const auto expected = norm_rows(x, {1, 0}, width, CTN_F32);
        for (const Order order : other_orders) {
            ctn::emulation::set_order(order, 5);
            CHECK(norm_rows(x, {1, 0}, width, CTN_F32) == expected, "width %d in order %d", width, (int)order);
        }
        ctn::emulation::set_order(Order::Forward);
    }
}

TEST(Activation_PairsAndSingles_EqualDoubleAndStayInTheirColumns)
{
    const int rows = 3;
    for (const ctn_dtype type : {CTN_F32, CTN_BF16})
        for (const int width : {1, 2, 7, 24, 300})
            for (const int before : {0, 1, 6}) {
                const int stride = width + before;
                const auto x = random_values((size_t)(rows * stride), 1, 4), bias = random_values((size_t)width, 2);
                const Values device_x(x, type), device_bias(bias, CTN_F32);
                const Values y(std::vector<float>((size_t)(rows * (stride + 2)), 7), type);
                const int size = type == CTN_BF16 ? 2 : 4;
                CHECK_OK(ctn::activate({device_x.at(before * size), stride, device_bias.at<float>(0), y.at(before * size), stride + 2, rows,
                    width, type}, nullptr));
                const auto read = device_x.read(), written = y.read();
                for (int row = 0; row < rows; row++)
                    for (int i = 0; i < stride + 2; i++) {
                        const float actual = written[(size_t)(row * (stride + 2) + i)];
                        if (i < before || i >= before + width) {
                            CHECK(actual == 7, "column %d of %d was written", i, width);
                            continue;
                        }
                        const double t = (double)read[(size_t)(row * stride + i)] + bias[(size_t)(i - before)];
                        const double expected = 0.5 * t * (1 + std::tanh(std::sqrt(2 / M_PI) * (t + 0.044715 * t * t * t)));
                        CHECK(std::fabs(actual - expected) <= tolerance_of(type, expected), "gelu(%g) is %g", t, (double)actual);
                    }
            }
}

TEST(Activation_Extremes_AreThoseOfTheFunction)
{
    const std::vector<float> x = {INFINITY, NAN, 1e30f, -1e30f, 0, -0.0f};
    const Values device_x(x, CTN_F32), bias(std::vector<float>(6, 0), CTN_F32), y(x, CTN_F32);
    CHECK_OK(ctn::activate({device_x.get(), 6, bias.at<float>(0), y.get(), 6, 1, 6, CTN_F32}, nullptr));
    const auto written = y.read();
    CHECK(written[0] == INFINITY && std::isnan(written[1]) && written[2] == 1e30f && written[3] == 0 && written[4] == 0 && written[5] == 0,
        "%g %g %g %g %g %g", written[0], written[1], written[2], written[3], written[4], written[5]);
}

/* Tokens below 0 are those that were drawn, or 0 where that was left open. */
TEST(Embed_RowsInAnyOrder_AreTheTables)
{
    for (const ctn_dtype type : {CTN_F32, CTN_BF16})
        for (const int width : {2, 50, 300}) {
            const Values table(random_values((size_t)(9 * width), 1), type);
            const std::vector<int32_t> tokens = {8, 0, 3, 3, ~2, ~0, ~1, ~2}, drawn = {5, CTN_UNDECIDED, 7};
            const int expected[] = {8, 0, 3, 3, 7, 5, 0, 7};
            ctn::DeviceMemory device_tokens, device_drawn;
            CHECK_OK(device_tokens.take(32, "the test"));
            CHECK_OK(device_drawn.take(12, "the test"));
            CHECK_OK(ctn::copy(device_tokens.get(), tokens.data(), 32, nullptr));
            CHECK_OK(ctn::copy(device_drawn.get(), drawn.data(), 12, nullptr));
            const Values residual(std::vector<float>((size_t)(8 * width), 7), CTN_F32);
            CHECK_OK(ctn::embed(device_tokens.at<int32_t>(0), device_drawn.at<int32_t>(0), 8, width, table.get(), type,
                residual.at<float>(0), nullptr));
            const auto rows = residual.read(), all = table.read();
            for (int i = 0; i < 8 * width; i++)
                CHECK(rows[(size_t)i] == all[(size_t)(expected[i / width] * width + i % width)], "value %d of width %d", i, width);
        }
}

}  // namespace

TEST_MAIN
