/* Launches of the kernels beside the recurrence, on memory of the emulated device. */
#pragma once

#include "../src/owned.h"
#include "../src/rounding.h"
#include "../src/step_kernels.h"
#include "test.h"

#include <cmath>
#include <random>

namespace test {

/* Device memory that holds values of a type. */
class Values : public ctn::DeviceMemory {
public:
    Values(const std::vector<float> &values, ctn_dtype type) : count_(values.size()), type_(type)
    {
        std::vector<uint16_t> halves(count_);
        ctn::round_to_bf16(values.data(), (int64_t)count_, halves.data());
        const void *const source = type == CTN_BF16 ? static_cast<const void *>(halves.data()) : values.data();
        CHECK_OK(take((int64_t)bytes(), "the test"));
        CHECK_OK(ctn::copy(get(), source, bytes(), nullptr));
    }

    std::vector<float> read() const
    {
        std::vector<float> values(count_);
        std::vector<uint16_t> halves(count_);
        CHECK_OK(ctn::copy(type_ == CTN_BF16 ? static_cast<void *>(halves.data()) : values.data(), get(), bytes(), nullptr));
        for (size_t i = 0; type_ == CTN_BF16 && i < count_; i++) {
            const uint32_t bits = (uint32_t)halves[i] << 16;
            std::memcpy(&values[i], &bits, sizeof bits);
        }
        return values;
    }

private:
    size_t bytes() const { return count_ * (type_ == CTN_BF16 ? 2 : 4); }

    size_t count_;
    ctn_dtype type_;
};

inline std::vector<float> random_values(size_t count, unsigned seed, float spread = 1)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> values(count);
    for (float &value : values)
        value = normal(random);
    return values;
}

/* The norm of rows of x that gather names. */
inline std::vector<float> norm_rows(const std::vector<float> &x, const std::vector<int32_t> &gather, int width, ctn_dtype type)
{
    const Values device_x(x, CTN_F32), weight(random_values((size_t)width, 2), CTN_F32), bias(random_values((size_t)width, 3), CTN_F32);
    const Values y(std::vector<float>(gather.size() * (size_t)width, 7), type);
    ctn::DeviceMemory device_gather;
    CHECK_OK(device_gather.take((int64_t)gather.size() * 4, "the test"));
    CHECK_OK(ctn::copy(device_gather.get(), gather.data(), gather.size() * 4, nullptr));
    CHECK_OK(ctn::layer_norm({device_x.at<float>(0), device_gather.at<int32_t>(0), (int64_t)gather.size(), width, weight.at<float>(0),
        bias.at<float>(0), 1e-5f, y.get(), type}, nullptr));
    return y.read();
}

/* Tokens drawn from rows of logits. */
inline std::vector<int32_t> draw_on_device(const std::vector<float> &logits, const std::vector<ctn_draw> &draws, int threads)
{
    const int vocabulary = (int)(logits.size() / draws.size());
    const Values device_logits(logits, CTN_F32);
    ctn::DeviceMemory device_draws, device_drawn;
    std::vector<int32_t> drawn(draws.size(), 12345);
    CHECK_OK(device_draws.take((int64_t)(draws.size() * sizeof(ctn_draw)), "draws"));
    CHECK_OK(device_drawn.take((int64_t)(draws.size() * sizeof(int32_t)), "tokens"));
    CHECK_OK(ctn::copy(device_draws.get(), draws.data(), draws.size() * sizeof(ctn_draw), nullptr));
    CHECK_OK(ctn::draw(device_logits.at<float>(0), (int64_t)draws.size(), vocabulary, device_draws.at<ctn_draw>(0),
        device_drawn.at<int32_t>(0), threads, nullptr));
    CHECK_OK(ctn::copy(drawn.data(), device_drawn.get(), drawn.size() * sizeof(int32_t), nullptr));
    return drawn;
}

}  // namespace test
