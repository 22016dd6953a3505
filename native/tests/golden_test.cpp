/* The kernels against the authors' code: tests/fixtures/golden/README.md, sections 3 and 4. */
#include "../src/runtime.h"

#include "safetensors.h"
#include "test.h"

#include <cmath>

namespace {

using test::Safetensors;

const std::string golden = CTN_FIXTURES "/golden/";

std::vector<float> to_floats(const std::vector<double> &values)
{
    return {values.begin(), values.end()};
}

/* Largest difference, over the largest of the expected magnitudes. */
double error_of(const std::vector<float> &found, const std::vector<double> &expected)
{
    double most = 0;
    double size = 1e-30;
    for (size_t i = 0; i < expected.size(); i++) {
        most = std::max(most, std::fabs(found[i] - expected[i]));
        size = std::max(size, std::fabs(expected[i]));
    }
    return found.size() == expected.size() ? most / size : INFINITY;
}

std::vector<float> sigmoid(const std::vector<double> &norm_const)
{
    std::vector<float> sigma;
    for (const double x : norm_const)
        sigma.push_back((float)(1 / (1 + std::exp(-x))));
    return sigma;
}

/* One row, slot 0, from a state that is given; qkv is [tokens][q | k | v]. */
struct Run {
    std::vector<float> qkv, sigma, state, o;
    std::vector<uint64_t> turns;
    int heads, head_dim;

    ctn_status start(int tokens, int64_t position)
    {
        const int64_t width = heads * head_dim;
        const int32_t slot = 0;
        const int32_t token_begin[] = {0, tokens};
        /* The state's alignment is that of device memory. */
        void *aligned;
        CTN_TRY(ctn::allocate(&aligned, state.size() * sizeof(float), "the test"));
        std::memcpy(aligned, state.data(), state.size() * sizeof(float));
        o.assign(tokens * width, NAN);
        ctn_recurrent launch = {};
        launch.struct_size = sizeof launch;
        launch.rows = 1;
        launch.heads = heads;
        launch.head_dim = head_dim;
        launch.rotary_dim = (int32_t)turns.size() * 2;
        launch.max_row_tokens = tokens;
        launch.qkv = qkv.data();
        launch.row_stride = 3 * width;
        launch.k_offset = width;
        launch.v_offset = 2 * width;
        launch.o = o.data();
        launch.o_stride = width;
        launch.slot = &slot;
        launch.token_begin = token_begin;
        launch.position = &position;
        launch.sigma = sigma.data();
        launch.turns = turns.data();
        launch.state = aligned;
        launch.head_stride = (int64_t)head_dim * head_dim;
        launch.slot_stride = heads * launch.head_stride;
        const ctn_status status = ctn_fused_recurrent(&launch, nullptr);
        std::memcpy(state.data(), aligned, state.size() * sizeof(float));
        ctn::release(aligned);
        return status;
    }
};

TEST(FusedRecurrent_GoldenSteps_EqualTheAuthors)
{
    const Safetensors file(golden + "step/golden.safetensors");
    CHECK(file.is_open(), "no %sstep/golden.safetensors", golden.c_str());
    for (const std::string name : {"pos1.", "pos2.", "pos1000.", "pos1000000.", "zero_key_pos3.", "tiny_query_pos3."}) {
        Run run;
        run.heads = 2;
        run.head_dim = 64;
        run.sigma = sigmoid(file.read("norm_const"));
        for (const char *const part : {"q", "k", "v"})
            for (const double x : file.read(name + part))
                run.qkv.push_back((float)x);
        run.state = to_floats(file.read(name + "state_before"));

        CHECK_OK(run.start(1, (int64_t)file.read(name + "position").at(0) - 1));

        const double of_o = error_of(run.o, file.read(name + "output"));
        const double of_state = error_of(run.state, file.read(name + "state_after"));
        CHECK(of_o < 1e-6, "%s o is off by %.2e", name.c_str(), of_o);
        CHECK(of_state < 3e-7, "%s S is off by %.2e", name.c_str(), of_state);
    }
}

/* GPT-J rounds the frequencies of its table to f32. */
std::vector<uint64_t> turns_of_table(int rotary_dim)
{
    std::vector<uint64_t> turns;
    for (int i = 0; i < rotary_dim; i += 2) {
        const float frequency = 1.0f / (float)std::pow(10000.0, (double)((float)i / (float)rotary_dim));
        turns.push_back((uint64_t)((long double)frequency / (2 * 3.14159265358979323846264338327950288L) * 18446744073709551616.0L));
    }
    return turns;
}

TEST(FusedRecurrent_GoldenTrace_EqualsTheAuthors)
{
    const int tokens = 37;
    const int heads = 4;
    const int head_dim = 16;
    const Safetensors trace(golden + "tiny/golden_trace_len37.safetensors");
    const Safetensors model(golden + "tiny/model.safetensors");
    CHECK(trace.is_open() && model.is_open(), "no files in %stiny", golden.c_str());
    for (int layer = 0; layer < 3; layer++) {
        const std::string of_layer = "h" + std::to_string(layer) + ".";
        Run run;
        run.heads = heads;
        run.head_dim = head_dim;
        run.turns = turns_of_table(8);
        run.sigma = sigmoid(model.read("transformer.h." + std::to_string(layer) + ".attn.norm_const"));
        run.state.assign(heads * head_dim * head_dim, 0.0f);
        const std::vector<double> parts[] = {trace.read(of_layer + "q_proj"), trace.read(of_layer + "k_proj"), trace.read(of_layer + "v_proj")};
        for (int t = 0; t < tokens; t++)
            for (const auto &part : parts)
                for (int i = 0; i < heads * head_dim; i++)
                    run.qkv.push_back((float)part.at(t * heads * head_dim + i));

        CHECK_OK(run.start(tokens, 0));

        const std::vector<double> by_head = trace.read(of_layer + "attn_heads");
        std::vector<double> by_token;
        for (int t = 0; t < tokens; t++)
            for (int head = 0; head < heads; head++)
                for (int i = 0; i < head_dim; i++)
                    by_token.push_back(by_head.at((head * tokens + t) * head_dim + i));
        const double error = error_of(run.o, by_token);
        CHECK(error < 2e-6, "layer %d is off by %.2e", layer, error);
    }
}

}  // namespace

TEST_MAIN
