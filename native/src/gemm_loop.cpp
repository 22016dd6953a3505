/* gemm.h for the CPU build: every sum in one fixed order, whatever shares the step. */
#include "gemm.h"

#include "../emulation/launch.h"
#include "rounding.h"

#include <cstring>

namespace ctn {

namespace {

/* Sums of every eighth product, which a compiler can keep in vectors. */
constexpr int lanes = 8;

float value_of(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

float value_of(float value) { return value; }

template <class Element>
float dot(const Element *a, const Element *b, int count)
{
    float sums[lanes] = {};
    int i = 0;
    for (; i + lanes <= count; i += lanes)
        for (int lane = 0; lane < lanes; lane++)
            sums[lane] += value_of(a[i + lane]) * value_of(b[i + lane]);
    for (int lane = 0; i < count; i++, lane++)
        sums[lane] += value_of(a[i]) * value_of(b[i]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

template <class Element>
void multiply(const Product &product, int tokens, const Element *weights, const Element *x, void *y, const float *bias)
{
    for (int64_t token = 0; token < tokens; token++)
        for (int64_t output = 0; output < product.outputs; output++) {
            float sum = dot(weights + output * product.inputs, x + token * product.inputs, product.inputs);
            if (product.has_bias)
                sum += bias[output];
            const int64_t place = token * product.outputs + output;
            if (product.output == CTN_BF16)
                static_cast<uint16_t *>(y)[place] = rounded_to_bf16(product.adds ? sum + value_of(static_cast<uint16_t *>(y)[place]) : sum);
            else
                static_cast<float *>(y)[place] = product.adds ? sum + static_cast<float *>(y)[place] : sum;
        }
}

}  // namespace

struct Gemm::Library {
    struct Added {
        Product product;
        std::vector<int> token_counts;
    };
    std::vector<Added> products;
};

Gemm::Gemm() = default;
Gemm::~Gemm() = default;

ctn_status Gemm::open()
{
    library_ = std::make_unique<Library>();
    return CTN_OK;
}

int64_t Gemm::workspace_bytes()
{
    return 0;
}

ctn_status Gemm::add(const Product &product, const std::vector<int> &token_counts)
{
    library_->products.push_back({product, token_counts});
    return CTN_OK;
}

ctn_status Gemm::run(int number, int bucket, const void *weights, const void *x, void *y, const float *bias, void *, Stream stream)
{
    const Library::Added &added = library_->products[(size_t)number];
    const int tokens = added.token_counts[(size_t)bucket];
    const Product product = added.product;
    return emulation::enqueue(stream, [=] {
        if (product.input == CTN_BF16)
            multiply(product, tokens, static_cast<const uint16_t *>(weights), static_cast<const uint16_t *>(x), y, bias);
        else
            multiply(product, tokens, static_cast<const float *>(weights), static_cast<const float *>(x), y, bias);
        return CTN_OK;
    });
}

}  // namespace ctn
