/* Whole greedy decode steps of the engine on a model of the 300M shape with random weights, as many rows as the arguments say; or,
 * with --small first, on one that an emulation can run. Steps that wait for the last one's tokens, and steps that run ahead of them: two
 * lines of JSON a number of rows. */
#include "timing.h"

#include "../../include/cottention.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

namespace {

using gpu_check::seconds_now;

struct Shape {
    int layers, heads, head_dim, inner, vocabulary;
    int model() const { return heads * head_dim; }
};

constexpr Shape of_300m = {20, 16, 64, 3072, 50400};
constexpr Shape tiny = {2, 2, 64, 96, 200};

void require(ctn_status status)
{
    if (status == CTN_OK)
        return;
    std::fprintf(stderr, "status %d: %s\n", status, ctn_last_message());
    std::exit(3);
}

class Model {
public:
    Model(const Shape &shape, int most_rows) : shape_(shape)
    {
        for (int i = 0; i < shape.head_dim / 2; i++)
            turns_.push_back((uint64_t)(std::pow(10000.0, -2.0 * i / shape.head_dim) / (2 * M_PI) * 0x1p63) * 2);
        ctn_engine_config config = {};
        config.struct_size = sizeof config;
        config.layers = shape.layers;
        config.heads = shape.heads;
        config.head_dim = config.rotary_dim = shape.head_dim;
        config.inner = shape.inner;
        config.vocabulary = shape.vocabulary;
        config.layer_norm_epsilon = 1e-5;
        config.turns = turns_.data();
        config.weight_dtype = CTN_BF16;
        config.slots = config.max_rows = config.max_tokens = most_rows;
        config.provisional_tokens = 1;
        config.fold_interval = 16;
        require(ctn_engine_create(&config, &engine));
        write_weights();
        require(ctn_engine_seal(engine));
    }

    ~Model() { ctn_engine_destroy(engine); }
    Model(const Model &) = delete;
    Model &operator=(const Model &) = delete;

    /* Of the matrices that a step reads, as the engine keeps them. */
    double weights_read() const
    {
        const double d = shape_.model();
        return shape_.layers * (4 * d * d + 2 * d * shape_.inner) + d * shape_.vocabulary;
    }

    /* Bytes of states and tails that a token of a session moves, over a fold interval of 16. */
    double state_bytes_a_token() const
    {
        const double heads = shape_.layers * shape_.heads;
        const double state = heads * shape_.head_dim * shape_.head_dim * 4;
        const double entry = heads * 2 * shape_.head_dim * 2;
        const double mean_entries_read = 8.5;
        return state * (1 + 1.0 / 16) + entry * (mean_entries_read + 1);
    }

    ctn_engine *engine = nullptr;
    const Shape shape_;

private:
    void write(ctn_tensor tensor, int layer, int rows, int columns, float range, float middle = 0)
    {
        std::uniform_real_distribution<float> uniform(middle - range, middle + range);
        const int most = std::max(1, (4 << 20) / columns);
        std::vector<float> block((size_t)std::min(rows, most) * (size_t)columns);
        for (float &value : block)
            value = uniform(random_);
        for (int row = 0; row < rows; row += most)
            require(ctn_engine_write_tensor(engine, tensor, layer, row, std::min(most, rows - row), block.data()));
    }

    void write_weights()
    {
        const int d = shape_.model();
        const float range = 1.7f / std::sqrt((float)d);
        for (int layer = 0; layer < shape_.layers; layer++) {
            write(CTN_NORM_WEIGHT, layer, 1, d, 0.2f, 1);
            write(CTN_NORM_BIAS, layer, 1, d, 0.1f);
            for (const ctn_tensor square : {CTN_QUERY, CTN_KEY, CTN_VALUE, CTN_ATTENTION_OUT})
                write(square, layer, d, d, range);
            write(CTN_SIGMA, layer, 1, shape_.heads, 0.3f, 0.6f);
            write(CTN_MLP_IN, layer, shape_.inner, d, range);
            write(CTN_MLP_IN_BIAS, layer, 1, shape_.inner, 0.1f);
            write(CTN_MLP_OUT, layer, d, shape_.inner, range);
            write(CTN_MLP_OUT_BIAS, layer, 1, d, 0.1f);
        }
        write(CTN_EMBEDDING, 0, shape_.vocabulary, d, 1);
        write(CTN_FINAL_NORM_WEIGHT, 0, 1, d, 0.2f, 1);
        write(CTN_FINAL_NORM_BIAS, 0, 1, d, 0.1f);
        write(CTN_HEAD, 0, shape_.vocabulary, d, range);
        write(CTN_HEAD_BIAS, 0, 1, shape_.vocabulary, 0.3f);
    }

    std::mt19937 random_{11};
    std::vector<uint64_t> turns_;
};

/* Sessions that all decode greedily, one token a step: each step once the last one's tokens are known, or running ahead of them. */
class Decoding {
public:
    Decoding(const Model &model, int rows, bool runs_ahead)
        : model_(model), runs_ahead_(runs_ahead), tokens_((size_t)rows), drawn_((size_t)rows)
    {
        for (int slot = 0; slot < rows; slot++) {
            require(ctn_engine_fill_slot(model.engine, slot, 0));
            /* A step folds a sixteenth of the sessions. */
            rows_.push_back({slot % 16, slot, 1, 1, 0});
            tokens_[(size_t)slot] = slot % model.shape_.vocabulary;
            ctn_draw draw = {};
            draw.top_p = 1;
            draw.live = model.shape_.vocabulary;
            draw.wanted = 1;
            draws_.push_back(draw);
        }
        if (runs_ahead) {
            begin();
            for (size_t i = 0; i < rows_.size(); i++) {
                rows_[i].is_provisional = 1;
                tokens_[i] = ~(int)i;
            }
        }
    }

    ~Decoding()
    {
        if (runs_ahead_)
            require(ctn_engine_end_step(model_.engine, nullptr));
    }

    Decoding(const Decoding &) = delete;
    Decoding &operator=(const Decoding &) = delete;

    void begin()
    {
        const auto rows = (int)rows_.size();
        require(ctn_engine_begin_step(model_.engine, rows_.data(), rows, tokens_.data(), rows, draws_.data()));
        for (ctn_row &row : rows_)
            row.position++;
    }

    /* Of the oldest step; commits the rows that run ahead of it. */
    void end()
    {
        require(ctn_engine_end_step(model_.engine, drawn_.data()));
        for (size_t i = 0; i < rows_.size(); i++) {
            undecided += drawn_[i] == CTN_UNDECIDED;
            if (!runs_ahead_)
                tokens_[i] = drawn_[i] == CTN_UNDECIDED ? 1 : drawn_[i];
            else if (drawn_[i] != CTN_UNDECIDED)
                require(ctn_engine_commit(model_.engine, rows_[i].slot, 1));
        }
    }

    long long undecided = 0;

private:
    const Model &model_;
    const bool runs_ahead_;
    std::vector<ctn_row> rows_;
    std::vector<int32_t> tokens_, drawn_;
    std::vector<ctn_draw> draws_;
};

struct Times {
    double step, begin, end;
    long long undecided;
};

Times time_rows(const Model &model, int rows, bool is_small, bool runs_ahead)
{
    /* Whole periods of folds. */
    const int steps = is_small ? 16 : 320;
    const int rounds = is_small ? 1 : 3;
    Decoding decoding(model, rows, runs_ahead);
    for (int i = 0; i < steps / 4; i++) {
        decoding.begin();
        decoding.end();
    }
    std::vector<double> times, begins, ends;
    for (int round = 0; round < rounds; round++) {
        const double began = seconds_now();
        for (int i = 0; i < steps; i++) {
            const double at_begin = seconds_now();
            decoding.begin();
            begins.push_back(seconds_now() - at_begin);
            decoding.end();
        }
        times.push_back((seconds_now() - began) / steps);
    }
    const double step = gpu_check::median_of(times);

    /* What ending costs beside the wait: a step that has long run. */
    for (int i = 0; i < (is_small ? 4 : 100); i++) {
        decoding.begin();
        std::this_thread::sleep_for(std::chrono::duration<double>(3 * step));
        const double at_end = seconds_now();
        decoding.end();
        ends.push_back(seconds_now() - at_end);
    }
    return {step, gpu_check::median_of(begins), gpu_check::median_of(ends), decoding.undecided};
}

void print_rows(const Model &model, int rows, bool is_small, bool runs_ahead)
{
    const Times times = time_rows(model, rows, is_small, runs_ahead);
    std::printf("{\"shape\": \"%s\", \"rows\": %d, \"runs_ahead\": %s, \"step_us\": %.2f, \"begin_us\": %.2f, \"end_us\": %.2f, "
                "\"tokens_a_second\": %.1f, \"weights_read\": %.6g, \"weight_bytes\": %.6g, \"state_bytes\": %.6g, \"undecided\": %lld}\n",
        is_small ? "tiny" : "300M", rows, runs_ahead ? "true" : "false", times.step * 1e6, times.begin * 1e6, times.end * 1e6, rows / times.step,
        model.weights_read(), 2 * model.weights_read(), rows * model.state_bytes_a_token(), times.undecided);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char **argv)
{
    const bool is_small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
    std::vector<int> rows;
    for (int i = is_small ? 2 : 1; i < argc; i++)
        rows.push_back(std::atoi(argv[i]));
    if (rows.empty() || *std::min_element(rows.begin(), rows.end()) < 1) {
        std::fprintf(stderr, "usage: step_times [--small] ROWS...\n");
        return 2;
    }
    const Model model(is_small ? tiny : of_300m, *std::max_element(rows.begin(), rows.end()));
    for (const int count : rows)
        for (const bool runs_ahead : {false, true})
            print_rows(model, count, is_small, runs_ahead);
    return 0;
}
