/* Draws on the device against a plain sampler in double: never another token, and seldom no answer. */
#include "../emulation/launch.h"
#include "step_kernels_case.h"

#include <algorithm>

namespace {

using namespace test;

/* Cottention.Inference's order: top_k, temperature and softmax, top_p, min_p, one draw in the order of ids. */
int draw_plainly(const float *logits, const ctn_draw &draw)
{
    std::vector<int> ids;
    for (int id = 0; id < draw.live; id++)
        ids.push_back(id);
    const auto is_better = [&](int a, int b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
    std::stable_sort(ids.begin(), ids.end(), is_better);
    if (draw.temperature == 0)
        return ids[0];
    if (draw.top_k > 0 && draw.top_k < (int)ids.size())
        ids.resize((size_t)draw.top_k);

    std::vector<double> weights((size_t)draw.live);
    double total = 0;
    for (const int id : ids)
        total += weights[(size_t)id] = std::exp(((double)logits[id] - (double)logits[ids[0]]) * (1.0 / draw.temperature));
    if (draw.top_p < 1) {
        size_t kept = 0;
        double mass = 0;
        while (kept < ids.size() && mass < draw.top_p * total)
            mass += weights[(size_t)ids[kept++]];
        ids.resize(std::max<size_t>(1, kept));
    }
    const double least = draw.min_p * weights[(size_t)ids[0]];
    ids.erase(std::remove_if(ids.begin(), ids.end(), [&](int id) { return weights[(size_t)id] < least; }), ids.end());

    std::sort(ids.begin(), ids.end());
    total = 0;
    for (const int id : ids)
        total += weights[(size_t)id];
    double sum = 0;
    int last = -1;
    for (const int id : ids) {
        if (!(weights[(size_t)id] > 0))
            continue;
        last = id;
        if ((sum += weights[(size_t)id]) > draw.uniform * total)
            break;
    }
    return last;
}

/* A row with ties, ids that cannot be drawn for their logit, and dead ids that would always be drawn if they lived. */
std::vector<float> row_of(std::mt19937 &random, int vocabulary, int live)
{
    std::normal_distribution<float> normal(0, 1);
    const float spread = std::exp(normal(random));
    const float grid = random() % 3 == 0 ? 0.25f : 0;
    std::vector<float> row;
    for (int id = 0; id < vocabulary; id++) {
        float logit = normal(random) * spread;
        if (grid > 0)
            logit = std::round(logit / grid) * grid;
        if (random() % 50 == 0)
            logit = -INFINITY;
        row.push_back(id < live ? logit : random() % 2 == 0 ? NAN : 1e30f);
    }
    row[random() % (unsigned)live] = 0.5f;
    return row;
}

ctn_draw draw_of(std::mt19937 &random, int live)
{
    const float temperatures[] = {0, 0.01f, 0.3f, 0.7f, 1, 1, 2, 50};
    std::uniform_real_distribution<double> uniform(0, 1);
    ctn_draw draw = {uniform(random), 1, 0, temperatures[random() % 8], 0, live, 1};
    if (random() % 2 == 0)
        draw.top_p = (random() % 3 == 0) ? 0.9 : uniform(random) * 0.999 + 0.001;
    if (random() % 3 == 0)
        draw.min_p = (random() % 4 == 0) ? 1.0 : uniform(random) * uniform(random);
    if (random() % 3 == 0)
        draw.top_k = 1 + (int)(random() % (unsigned)(live + 5));
    return draw;
}

struct Outcome {
    int wrong = 0, undecided = 0, all = 0;
};

Outcome draw_many(int rounds, int rows, int most_vocabulary, int threads)
{
    std::mt19937 random((unsigned)(threads + most_vocabulary));
    Outcome outcome;
    for (int round = 0; round < rounds; round++) {
        const int vocabulary = 1 + (int)(random() % (unsigned)most_vocabulary);
        const int live = random() % 2 == 0 ? vocabulary : 1 + (int)(random() % (unsigned)vocabulary);
        std::vector<float> logits;
        std::vector<ctn_draw> draws;
        for (int row = 0; row < rows; row++) {
            const auto values = row_of(random, vocabulary, live);
            logits.insert(logits.end(), values.begin(), values.end());
            draws.push_back(draw_of(random, live));
        }
        const auto drawn = draw_on_device(logits, draws, threads);
        for (int row = 0; row < rows; row++) {
            const int expected = draw_plainly(&logits[(size_t)row * vocabulary], draws[(size_t)row]);
            outcome.all++;
            if (drawn[(size_t)row] == CTN_UNDECIDED)
                outcome.undecided++;
            else if (drawn[(size_t)row] != expected)
                outcome.wrong++;
        }
    }
    return outcome;
}

TEST(Draw_RandomSettings_NeverAnotherTokenAndSeldomNone)
{
    const struct {
        int rounds, rows, vocabulary, threads;
    } sizes[] = {{260, 64, 120, 32}, {40, 64, 900, 64}, {30, 32, 3000, 256}, {4, 8, 30000, 1024}};
    Outcome sum;
    for (const auto &size : sizes) {
        const Outcome outcome = draw_many(size.rounds, size.rows, size.vocabulary, size.threads);
        CHECK(outcome.wrong == 0, "%d of %d draws with %d threads", outcome.wrong, outcome.all, size.threads);
        sum.all += outcome.all;
        sum.undecided += outcome.undecided;
    }
    CHECK(sum.all >= 20000, "%d draws", sum.all);
    CHECK(sum.undecided * 100 < sum.all, "%d of %d draws were not answered", sum.undecided, sum.all);
    std::printf("     %d draws, %d not answered\n", sum.all, sum.undecided);
}

TEST(Draw_EveryThreadOrder_SameTokens)
{
    using ctn::emulation::Order;
    std::mt19937 random(9);
    std::vector<float> logits;
    std::vector<ctn_draw> draws;
    for (int row = 0; row < 48; row++) {
        const auto values = row_of(random, 500, 480);
        logits.insert(logits.end(), values.begin(), values.end());
        draws.push_back(draw_of(random, 480));
    }
    const auto expected = draw_on_device(logits, draws, 128);
    for (const Order order : {Order::Reverse, Order::Random, Order::GreedyFirstWarp, Order::GreedyLastWarp}) {
        ctn::emulation::set_order(order, 7);
        CHECK(draw_on_device(logits, draws, 128) == expected, "order %d", (int)order);
    }
    ctn::emulation::set_order(Order::Forward);
}

/* Draws at a distance from where the token, or the cut, changes: the neighbour is never drawn, and far enough away there is an answer. */
TEST(Draw_NearEveryEdge_NeverTheNeighbour)
{
    const std::vector<float> row = {3, 2.3f, 1.6f, 0.9f};
    double sums[4];
    double total = 0;
    for (int i = 0; i < 4; i++)
        total = sums[i] = total + std::exp((double)row[i] - 3.0);
    for (int edge = 0; edge < 3; edge++)
        for (const double distance : {1e-3, 1e-6, 1e-9, 1e-12, 0.0}) {
            const double below = sums[edge] / total - distance, above = sums[edge] / total + distance;
            const double weight = std::exp((double)row[edge + 1] - 3.0);
            const struct {
                ctn_draw draw;
                int token;
            } cases[] = {
                {{below, 1, 0, 1, 0, 4, 1}, edge},
                {{above, 1, 0, 1, 0, 4, 1}, edge + 1},
                {{0.9999, below, 0, 1, 0, 4, 1}, edge},
                {{0.9999, above, 0, 1, 0, 4, 1}, edge + 1},
                {{0.9999, 1, weight - distance, 1, 0, 4, 1}, edge + 1},
                {{0.9999, 1, weight + distance, 1, 0, 4, 1}, edge},
            };
            for (const auto &one : cases) {
                const int drawn = draw_on_device(row, {one.draw}, 32)[0];
                const bool may_be_undecided = distance < 1e-8, must_be_undecided = distance < 1e-15;
                CHECK((drawn == one.token && !must_be_undecided) || (may_be_undecided && drawn == CTN_UNDECIDED),
                    "%d in place of %d at a distance of %g", drawn, one.token, distance);
            }
        }
}

TEST(Draw_NotANumberOrInfinity_IsUndecided)
{
    for (const float bad : {NAN, INFINITY, -NAN})
        for (const float temperature : {0.0f, 1.0f})
            for (int place = 0; place < 70; place += 23) {
                std::vector<float> logits(70, 0.5f);
                logits[(size_t)place] = bad;
                const auto drawn = draw_on_device(logits, {{0.5, 1, 0, temperature, 0, 70, 1}}, 64);
                CHECK(drawn[0] == CTN_UNDECIDED, "%d with %g at %d", drawn[0], bad, place);
            }
    CHECK(draw_on_device(std::vector<float>(70, -INFINITY), {{0.5, 1, 0, 1, 0, 70, 1}}, 32)[0] == CTN_UNDECIDED, "nothing can be drawn");
    CHECK(draw_on_device(std::vector<float>(70, -INFINITY), {{0.5, 1, 0, 0, 0, 70, 1}}, 32)[0] == CTN_UNDECIDED, "nothing is the best");
}

TEST(Draw_Greedy_TakesTheLowestOfEqualIds)
{
    std::vector<float> logits(100, -1);
    logits[40] = logits[77] = 2;
    CHECK(draw_on_device(logits, {{0, 1, 0, 0, 0, 100, 1}}, 32)[0] == 40, "ties");
    CHECK(draw_on_device(logits, {{0, 1, 0, 0, 0, 40, 1}}, 32)[0] == 0, "live ids");
    logits[30] = -0.0f;
    logits[31] = logits[40] = logits[77] = 0.0f;
    CHECK(draw_on_device(logits, {{0, 1, 0, 0, 0, 100, 1}}, 32)[0] == 30, "zeros of either sign");
    CHECK(draw_on_device(logits, {{0, 1, 0, 0, 0, 100, 0}}, 32)[0] == CTN_UNDECIDED, "no draw was wanted");
}

}  // namespace

TEST_MAIN
