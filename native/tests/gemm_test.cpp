/* Products through cuBLASLt's calls, with a stand-in for the library, against the loop of the CPU build. */
#include "fake_cublaslt.h"

#include <dlfcn.h>

/* The loop first, under its own name; then the other, beside it. */
#include "../src/gemm.h"
namespace ctn {
using LoopGemm = Gemm;
}
#define Gemm CublasLtGemm
#define dlopen fake_cublaslt::open_library
#define dlsym fake_cublaslt::find_function
#define dlerror fake_cublaslt::last_error
namespace ctn {
class Gemm {
public:
    Gemm();
    ~Gemm();
    ctn_status open();
    static int64_t workspace_bytes();
    ctn_status add(const Product &product, const std::vector<int> &token_counts);
    ctn_status run(int product, int bucket, const void *weights, const void *x, void *y, const float *bias, void *workspace, Stream stream);

private:
    struct Library;
    std::unique_ptr<Library> library_;
};
}  // namespace ctn
#include "../src/gemm_cublaslt.cpp"
#undef Gemm

#include <cmath>
#include <random>

namespace {

using fake_cublaslt::state;

/* Values of a type, as the products read them. */
std::vector<char> values_of(std::mt19937 &random, size_t count, ctn_dtype type)
{
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<char> values(count * (type == CTN_BF16 ? 2 : 4));
    for (size_t i = 0; i < count; i++) {
        const float value = uniform(random);
        if (type == CTN_BF16)
            reinterpret_cast<uint16_t *>(values.data())[i] = ctn::rounded_to_bf16(value);
        else
            reinterpret_cast<float *>(values.data())[i] = value;
    }
    return values;
}

float value_at(const std::vector<char> &values, size_t i, ctn_dtype type)
{
    const uint32_t bits = type == CTN_BF16 ? (uint32_t) reinterpret_cast<const uint16_t *>(values.data())[i] << 16
                                           : reinterpret_cast<const uint32_t *>(values.data())[i];
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

/* Both on the same rows. */
void compare(const ctn::Product &product)
{
    const std::vector<int> counts = {1, 2, 7};
    ctn::LoopGemm loop;
    ctn::CublasLtGemm gemm;
    CHECK_OK(loop.open());
    CHECK_OK(gemm.open());
    /* Another product before it, so that numbers count. */
    const ctn::Product other = {3, 5, CTN_F32, CTN_F32, false, false};
    for (const ctn::Product &one : {other, product}) {
        CHECK_OK(loop.add(one, counts));
        CHECK_OK(gemm.add(one, counts));
    }
    std::mt19937 random(1);
    const auto weights = values_of(random, (size_t)product.outputs * product.inputs, product.input);
    const auto bias = values_of(random, (size_t)product.outputs, CTN_F32);
    for (int bucket = 0; bucket < 3; bucket++) {
        const auto tokens = (size_t)counts[(size_t)bucket];
        const auto x = values_of(random, tokens * product.inputs, product.input);
        auto expected = values_of(random, tokens * product.outputs, product.output);
        auto actual = expected;
        const auto *const b = product.has_bias ? reinterpret_cast<const float *>(bias.data()) : nullptr;
        const int ran = state.products;
        CHECK_OK(loop.run(1, bucket, weights.data(), x.data(), expected.data(), b, nullptr, nullptr));
        CHECK_OK(gemm.run(1, bucket, weights.data(), x.data(), actual.data(), b, nullptr, nullptr));
        CHECK(state.products == ran + 1, "%d products", state.products - ran);
        for (size_t i = 0; i < tokens * product.outputs; i++) {
            const double difference = std::fabs(value_at(expected, i, product.output) - value_at(actual, i, product.output));
            CHECK(difference <= (product.output == CTN_BF16 ? 0.03 : 1e-5), "%zu tokens: value %zu differs by %g", tokens, i, difference);
        }
    }
}

TEST(Gemm_EveryProductOfAStep_EqualsTheLoop)
{
    for (const ctn_dtype type : {CTN_F32, CTN_BF16}) {
        compare({26, 16, type, type, false, false});
        compare({16, 22, type, CTN_F32, true, true});
        compare({37, 16, type, CTN_F32, false, true});
    }
    CHECK(state.alive == 0, "%d handles are left", state.alive);
    CHECK((int64_t)state.workspace_bytes == ctn::CublasLtGemm::workspace_bytes(), "%llu bytes to work in",
        (unsigned long long)state.workspace_bytes);
}

TEST(Gemm_NoLibrary_IsNoDevice)
{
    state.library = "libcublasLt.so.10";
    state.opened.clear();
    ctn::CublasLtGemm gemm;
    CHECK(gemm.open() == CTN_NO_DEVICE, "%s", ctn_last_message());
    CHECK(std::strstr(ctn_last_message(), "libcublasLt.so.13 is not there, libcublasLt.so.12 is not there, libcublasLt.so.11 is not there") != nullptr,
        "%s", ctn_last_message());
    CHECK(state.opened == "libcublasLt.so.13 libcublasLt.so.12 libcublasLt.so.11 ", "%s", state.opened.c_str());
    state.library = "libcublasLt.so.12";
}

TEST(Gemm_LibraryNewerThanTheDriver_TheNextOneServes)
{
    state.too_new_library = "libcublasLt.so.13";
    state.opened.clear();
    {
        ctn::CublasLtGemm gemm;
        CHECK_OK(gemm.open());
        CHECK(state.opened == "libcublasLt.so.13 libcublasLt.so.12 ", "%s", state.opened.c_str());
        CHECK_OK(gemm.add({26, 16, CTN_F32, CTN_F32, false, true}, {1}));
    }
    CHECK(state.alive == 0, "%d handles are left", state.alive);

    state.library.clear();
    {
        ctn::CublasLtGemm gemm;
        CHECK(gemm.open() == CTN_NO_DEVICE, "%s", ctn_last_message());
        CHECK(std::strstr(ctn_last_message(), "libcublasLt.so.13 makes no handle (status 1)") != nullptr, "%s", ctn_last_message());
    }
    state.library = "libcublasLt.so.12";
    state.too_new_library.clear();
}

TEST(Gemm_FunctionMissing_IsNoDevice)
{
    state.missing_function = "cublasLtMatmul";
    ctn::CublasLtGemm gemm;
    CHECK(gemm.open() == CTN_NO_DEVICE, "%s", ctn_last_message());
    CHECK(std::strstr(ctn_last_message(), "cublasLtMatmul") != nullptr, "%s", ctn_last_message());
    state.missing_function.clear();
}

TEST(Gemm_NoAlgorithm_IsUnsupportedAndLeavesNothing)
{
    state.unserved_columns = 2;
    {
        ctn::CublasLtGemm gemm;
        CHECK_OK(gemm.open());
        CHECK(gemm.add({26, 16, CTN_F32, CTN_F32, false, true}, {1, 2, 7}) == CTN_UNSUPPORTED, "%s", ctn_last_message());
        CHECK(std::strstr(ctn_last_message(), "no algorithm for 2 tokens times [26, 16]") != nullptr, "%s", ctn_last_message());
    }
    state.unserved_columns = -1;
    CHECK(state.alive == 0, "%d handles are left", state.alive);
}

}  // namespace

TEST_MAIN
