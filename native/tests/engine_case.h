/* An engine of a random model, and the few calls that tests make of it again and again. */
#pragma once

#include "../emulation/streams.h"
#include "engine_model.h"

#include <deque>

namespace test {

inline ctn_engine_config config_of(const Model &model)
{
    ctn_engine_config config = {};
    config.struct_size = sizeof config;
    config.layers = model.sizes.layers;
    config.heads = model.sizes.heads;
    config.head_dim = model.sizes.head_dim;
    config.rotary_dim = model.sizes.rotary_dim;
    config.inner = model.sizes.inner;
    config.vocabulary = model.sizes.vocabulary;
    config.tied_head = model.sizes.tied_head ? 1 : 0;
    config.layer_norm_epsilon = 1e-5;
    config.turns = model.turns.data();
    config.weight_dtype = CTN_F32;
    config.state_dtype = CTN_F32;
    config.slots = 6;
    config.max_rows = 8;
    config.max_tokens = 40;
    config.provisional_rows = 2;
    config.provisional_tokens = 8;
    config.fold_interval = 16;
    return config;
}

/* A row of a step with its tokens; ~i runs ahead. */
struct Part {
    int slot;
    int64_t position;
    std::vector<int> tokens;
    int logits = 1;
    bool is_provisional = false;
};

class Engine {
public:
    explicit Engine(const Model &model) : Engine(model, config_of(model)) {}

    Engine(const Model &model, const ctn_engine_config &config) : config(config), model_(model)
    {
        CHECK_OK(ctn_engine_create(&config, &handle));
        model.write(handle);
        CHECK_OK(ctn_engine_seal(handle));
    }

    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;
    ~Engine() { ctn_engine_destroy(handle); }

    ctn_status begin(const std::vector<Part> &parts, const std::vector<ctn_draw> &draws = {})
    {
        rows_.clear();
        tokens_.clear();
        int logits = 0;
        for (const Part &part : parts) {
            rows_.push_back({part.position, part.slot, (int)part.tokens.size(), part.logits, part.is_provisional ? 1 : 0});
            tokens_.insert(tokens_.end(), part.tokens.begin(), part.tokens.end());
            logits += part.logits;
        }
        const ctn_status status = ctn_engine_begin_step(handle, rows_.data(), (int)rows_.size(), tokens_.data(), (int)tokens_.size(),
            draws.empty() ? nullptr : draws.data());
        if (status == CTN_OK && logits > 0)
            under_way_.push_back(logits);
        return status;
    }

    /* Steps that wanted logits and have not ended. */
    int under_way() const { return (int)under_way_.size(); }

    /* Ends the oldest step: all its rows of logits, or none where no step with logits is under way. */
    std::vector<float> end(std::vector<int> *drawn = nullptr)
    {
        const int rows = under_way_.empty() ? 0 : under_way_.front();
        std::vector<int> tokens((size_t)rows + 1, 7777);
        if (rows > 0) {
            under_way_.pop_front();
            CHECK_OK(ctn_engine_end_step(handle, tokens.data()));
        }
        CHECK(tokens[(size_t)rows] == 7777, "more tokens than rows of logits");
        if (drawn != nullptr)
            drawn->assign(tokens.begin(), tokens.end() - 1);
        return logits(0, rows);
    }

    std::vector<float> run(const std::vector<Part> &parts, const std::vector<ctn_draw> &draws = {}, std::vector<int> *drawn = nullptr)
    {
        CHECK_OK(begin(parts, draws));
        return end(drawn);
    }

    std::vector<float> logits(int first, int count)
    {
        std::vector<float> values((size_t)count * model_.sizes.vocabulary);
        if (count > 0)
            CHECK_OK(ctn_engine_read_logits(handle, first, count, values.data()));
        return values;
    }

    std::vector<float> state(int slot)
    {
        return end_read(begin_read(slot));
    }

    int begin_read(int slot)
    {
        int32_t read = 7777;
        CHECK_OK(ctn_engine_begin_read_slot(handle, slot, &read));
        return read;
    }

    std::vector<float> end_read(int read)
    {
        std::vector<float> values(model_.sizes.state());
        CHECK_OK(ctn_engine_end_read_slot(handle, read, values.data()));
        return values;
    }

    void clear(int slot) { CHECK_OK(ctn_engine_fill_slot(handle, slot, 0)); }

    ctn_engine_config config;
    ctn_engine *handle = nullptr;

private:
    const Model &model_;
    std::vector<ctn_row> rows_;
    std::vector<int32_t> tokens_;
    std::deque<int> under_way_; /* rows of logits */
};

inline std::vector<int> tokens_of(int count, unsigned seed, int vocabulary = 50)
{
    std::mt19937 random(seed);
    std::vector<int> tokens;
    for (int i = 0; i < count; i++)
        tokens.push_back((int)(random() % (unsigned)vocabulary));
    return tokens;
}

inline std::vector<int> part_of(const std::vector<int> &tokens, size_t first, size_t count)
{
    return {tokens.begin() + (long)first, tokens.begin() + (long)(first + count)};
}

template <class A, class B>
double largest_difference(const std::vector<A> &a, const std::vector<B> &b)
{
    double largest = a.size() == b.size() ? 0 : INFINITY;
    for (size_t i = 0; i < std::min(a.size(), b.size()); i++)
        if (!(std::fabs((double)a[i] - (double)b[i]) <= largest))
            largest = std::fabs((double)a[i] - (double)b[i]);
    return largest;
}

inline bool has_same_bits(const std::vector<float> &a, const std::vector<float> &b)
{
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/* Random plans on a pair of engines that must give the same, one of them changed. */
template <class Pair>
void run_plans(const Sizes &sizes, int count, void (*change)(ctn_engine_config &), unsigned seed)
{
    const Model model(sizes);
    ctn_engine_config config = config_of(model);
    change(config);
    Pair pair(model, config, seed);
    for (int plan = 0; plan < count; plan++)
        pair.run_plan();
    pair.finish();
}

/* Runs the cases at once, and then as late as anything allows, which shows a missing wait between streams or with the host. */
inline int run_now_and_late(int argc, char **argv)
{
    const int now = run(argc, argv);
    ctn::emulation::set_pace(ctn::emulation::Pace::Late);
    return run(argc, argv) | now;
}

}  // namespace test

#define TEST_MAIN_NOW_AND_LATE                  \
    int main(int argc, char **argv)             \
    {                                           \
        return test::run_now_and_late(argc, argv); \
    }
