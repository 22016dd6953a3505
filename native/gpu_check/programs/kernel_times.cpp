/* Times of ctn_fused_recurrent and ctn_tail as a decoding model calls them: 16 heads, bf16 rows, slots and layers that change with each
 * launch, so that no state is found in a cache. A line of JSON a case. --small: sizes for the CPU build, times without meaning. */
#include "timing.h"

#include "../../include/cottention.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>

namespace {

using gpu_check::DeviceMemory;
using gpu_check::Graph;

constexpr int fold_interval = 16;
constexpr int tail_capacity = 32;

struct Kind {
    int head_dim;
    ctn_dtype state_dtype;
    int rows;

    int64_t state_bytes() const { return state_dtype == CTN_F32 ? 4 : 2; }
};

/* What is small enough for an emulation, and what makes a GPU's caches useless. */
struct Scale {
    int heads;
    int least_slots;
    double arena_bytes;   /* at least */
    double touched_bytes; /* of states, by one graph, at least */
    int least_launches;
    double round_seconds;
};

constexpr Scale full = {16, 256, 1.5e9, 1.1e9, 50, 0.03};
constexpr Scale small = {2, 4, 0, 0, 2, 0};

void require(ctn_status status)
{
    if (status == CTN_OK)
        return;
    std::fprintf(stderr, "status %d: %s\n", status, ctn_last_message());
    std::exit(3);
}

template <class T>
DeviceMemory uploaded(const std::vector<T> &values)
{
    DeviceMemory memory(values.size() * sizeof(T));
    gpu_check::upload(memory.at(), values.data(), values.size() * sizeof(T));
    return memory;
}

/* 16-bit elements of either type, or pairs of them as f32, of moderate size: no NaN, no infinity. */
void fill(const DeviceMemory &memory, size_t bytes, ctn_dtype dtype)
{
    std::mt19937 random(7);
    std::vector<uint16_t> block(std::min<size_t>(bytes / 2, 8 << 20));
    for (size_t i = 0; i < block.size(); i++)
        block[i] = (uint16_t)((random() & 0x80ffu) | (dtype == CTN_F16 ? 0x2800u : 0x3d00u));
    for (size_t at = 0; at < bytes; at += block.size() * 2)
        gpu_check::upload(memory.at(at), block.data(), std::min(bytes - at, block.size() * 2));
}

/* States of so many slots and layers, as an engine has them, with launches that walk over them. */
class Bench {
public:
    Bench(const Kind &kind, const Scale &scale)
        : kind_(kind), scale_(scale), stream_(gpu_check::create_stream()), slots_(std::max(kind.rows, scale.least_slots)),
          head_elements_((int64_t)kind.head_dim * kind.head_dim), layer_elements_(scale.heads * head_elements_),
          layers_((int)std::max(1.0, std::ceil(scale.arena_bytes / (double)(slots_ * layer_elements_ * kind.state_bytes())))),
          tail_head_elements_((int64_t)tail_capacity * 2 * kind.head_dim), launches_(count_launches()),
          state_bytes_((size_t)(slots_ * layers_ * layer_elements_ * kind.state_bytes())),
          tail_bytes_((size_t)(slots_ * layers_ * scale.heads * tail_head_elements_ * 2)), state_(state_bytes_), tail_(tail_bytes_),
          sigma_(uploaded(std::vector<float>((size_t)scale.heads, 0.6f))), turns_(uploaded(turns()))
    {
        fill(state_, state_bytes_, kind.state_dtype);
        fill(tail_, tail_bytes_, CTN_BF16);
    }

    void time(bool with_tail, int tokens)
    {
        const int64_t width = (int64_t)scale_.heads * kind_.head_dim;
        const auto token_count = (size_t)kind_.rows * (size_t)tokens;
        const DeviceMemory qkv(token_count * (size_t)(3 * width) * 2);
        const DeviceMemory o(token_count * (size_t)width * 2);
        fill(qkv, token_count * (size_t)(3 * width) * 2, CTN_BF16);
        const Walk walk = make_walk(tokens);
        const DeviceMemory slot = uploaded(walk.slot), length = uploaded(walk.length), fold = uploaded(walk.fold);
        const DeviceMemory begin = uploaded(walk.begin), position = uploaded(walk.position);

        ctn_recurrent launch = base_launch(tokens);
        launch.qkv = qkv.at();
        launch.o = o.at();
        launch.token_begin = tokens == 1 ? nullptr : (const int32_t *)begin.at();
        Graph graph(stream_, [&, launch]() mutable {
            for (int i = 0; i < launches_; i++) {
                const int layer = i % layers_;
                const auto first = (size_t)i * (size_t)kind_.rows;
                launch.state = state_.at((size_t)(layer * layer_elements_ * kind_.state_bytes()));
                launch.tail = tail_.at((size_t)(layer * scale_.heads * tail_head_elements_ * 2));
                launch.slot = (const int32_t *)slot.at() + first;
                launch.position = (const int64_t *)position.at() + first;
                launch.tail_length = (const int32_t *)length.at() + first;
                launch.fold = (const int32_t *)fold.at() + first;
                require((with_tail ? ctn_tail : ctn_fused_recurrent)(&launch, stream_));
            }
        });
        const double seconds = gpu_check::seconds_a_launch(graph, stream_, scale_.round_seconds) / launches_;
        const double bytes = bytes_a_launch(with_tail, tokens, walk);
        std::printf("{\"kernel\": \"%s\", \"head_dim\": %d, \"state\": \"%s\", \"rows\": %d, \"tokens\": %d, \"us\": %.3f, \"bytes\": %.6g, "
                    "\"launches\": %d}\n",
            with_tail ? "tail" : "fused_recurrent", kind_.head_dim, kind_.state_dtype == CTN_F32 ? "f32" : "f16", kind_.rows, tokens,
            seconds * 1e6, bytes, launches_);
        std::fflush(stdout);
    }

private:
    /* Of all launches, one after another. */
    struct Walk {
        std::vector<int32_t> slot, length, fold, begin;
        std::vector<int64_t> position;
    };

    int count_launches() const
    {
        const double touched = (double)kind_.rows * (double)(layer_elements_ * kind_.state_bytes());
        return (int)std::max((double)scale_.least_launches, std::ceil(scale_.touched_bytes / touched));
    }

    std::vector<uint64_t> turns() const
    {
        std::vector<uint64_t> turns;
        for (int i = 0; i < kind_.head_dim / 2; i++)
            turns.push_back((uint64_t)(std::pow(10000.0, -2.0 * i / kind_.head_dim) / (2 * M_PI) * 0x1p63) * 2);
        return turns;
    }

    /* Layer after layer as a model goes, then the next slots in an order of their own. Rows are at all stages between two folds. */
    Walk make_walk(int tokens) const
    {
        Walk walk;
        std::vector<int32_t> order;
        for (int i = 0; i < slots_; i++)
            order.push_back(i);
        std::shuffle(order.begin(), order.end(), std::mt19937(3));
        const int period = fold_interval / tokens;
        for (int i = 0; i < launches_; i++)
            for (int row = 0; row < kind_.rows; row++) {
                const int stage = (i / layers_ + row) % period + 1;
                walk.slot.push_back(order[(size_t)((int64_t)(i / layers_) * kind_.rows + row) % (size_t)slots_]);
                walk.length.push_back(stage * tokens);
                walk.fold.push_back(stage == period);
                walk.position.push_back(1000 * fold_interval + stage * tokens);
            }
        for (int row = 0; row <= kind_.rows; row++)
            walk.begin.push_back(row * tokens);
        return walk;
    }

    ctn_recurrent base_launch(int tokens) const
    {
        const int64_t width = (int64_t)scale_.heads * kind_.head_dim;
        ctn_recurrent launch = {};
        launch.struct_size = sizeof launch;
        launch.rows = kind_.rows;
        launch.heads = scale_.heads;
        launch.head_dim = launch.rotary_dim = kind_.head_dim;
        launch.dtype = CTN_BF16;
        launch.state_dtype = kind_.state_dtype;
        launch.max_row_tokens = tokens;
        launch.row_stride = 3 * width;
        launch.k_offset = width;
        launch.v_offset = 2 * width;
        launch.o_stride = width;
        launch.sigma = (const float *)sigma_.at();
        launch.turns = (const uint64_t *)turns_.at();
        launch.slot_stride = layers_ * layer_elements_;
        launch.head_stride = head_elements_;
        launch.rounding_seed = 5;
        launch.tail_slot_stride = layers_ * scale_.heads * tail_head_elements_;
        launch.tail_head_stride = tail_head_elements_;
        launch.tail_capacity = tail_capacity;
        return launch;
    }

    /* q, k, v in, o out, states and tails in and out: the mean of a launch. */
    double bytes_a_launch(bool with_tail, int tokens, const Walk &walk) const
    {
        const double state = (double)(layer_elements_ * kind_.state_bytes());
        const double entry = 2.0 * scale_.heads * kind_.head_dim * 2;
        const double rows_of_qkv_and_o = 2 * entry * tokens * kind_.rows;
        if (!with_tail)
            return 2 * state * kind_.rows + rows_of_qkv_and_o;
        double bytes = 0;
        for (size_t i = 0; i < walk.slot.size(); i++)
            bytes += state * (walk.fold[i] != 0 ? 2 : 1) + entry * (walk.length[i] + tokens);
        return bytes / launches_ + rows_of_qkv_and_o;
    }

    const Kind kind_;
    const Scale scale_;
    void *stream_;
    const int slots_;
    const int64_t head_elements_, layer_elements_;
    const int layers_;
    const int64_t tail_head_elements_;
    const int launches_;
    const size_t state_bytes_, tail_bytes_;
    DeviceMemory state_, tail_, sigma_, turns_;
};

}  // namespace

int main(int argc, char **argv)
{
    const bool is_small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
    const std::vector<int> rows = is_small ? std::vector<int>{1, 3} : std::vector<int>{1, 8, 64, 256, 1024};
    const std::vector<int> tokens = is_small ? std::vector<int>{1, 4} : std::vector<int>{1, 4, 8};
    for (const ctn_dtype state_dtype : {CTN_F32, CTN_F16})
        for (const int head_dim : {64, 128})
            for (const int count : rows) {
                Bench bench({head_dim, state_dtype, count}, is_small ? small : full);
                for (const bool with_tail : {false, true})
                    for (const int length : tokens)
                        if (state_dtype == CTN_F32 || length == 1)
                            bench.time(with_tail, length);
            }
    return 0;
}
