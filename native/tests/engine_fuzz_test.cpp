/* Random plans on one engine, and the same sessions token by token, alone, on another: same bits all along. */
#include "engine_case.h"

#include <algorithm>

namespace {

using namespace test;

constexpr int slots = 6;
constexpr int vocabulary = 50;

/* Two engines of one model that went through the same. */
class Pair {
public:
    Pair(const Model &model, const ctn_engine_config &config, unsigned seed)
        : mixed_(model, config), single_(model, config_of(model)), random_(seed)
    {
    }

    void run_plan()
    {
        for (int i = below(3); i > 0; i--)
            change_slot();
        if (below(6) == 0)
            refuse_plan();
        std::vector<Part> parts = random_parts();
        std::vector<ctn_draw> draws;
        for (const Part &part : parts)
            for (int i = 0; i < part.logits; i++)
                draws.push_back({0.5, 1, 0, 0, 0, vocabulary, below(4) == 0 ? 0 : 1});
        const bool has_draws = !draws.empty() && below(2) == 0;

        CHECK_OK(mixed_.begin(parts, has_draws ? draws : std::vector<ctn_draw>()));
        const int read = below(3) == 0 ? below(slots) : -1;
        const int number = read >= 0 ? mixed_.begin_read(read) : -1;
        std::vector<int> drawn;
        const auto logits = mixed_.end(&drawn);
        check_drawn(logits, drawn, has_draws, draws);
        const auto expected = run_singly(parts);
        CHECK(has_same_bits(expected, logits), "logits of plan %d", plans_);
        if (read >= 0)
            CHECK(has_same_bits(single_.state(read), mixed_.end_read(number)), "state of slot %d, read in plan %d", read, plans_);
        for (const Part &part : parts)
            commit(part);
        plans_++;
    }

    void finish()
    {
        for (int slot = 0; slot < slots; slot++)
            CHECK(has_same_bits(single_.state(slot), mixed_.state(slot)), "state of slot %d after %d plans", slot, plans_);
    }

private:
    int below(int limit) { return (int)(random_() % (unsigned)limit); }

    std::vector<Part> random_parts()
    {
        static constexpr int lengths[] = {1, 1, 1, 2, 3, 5, 8, 9, 12};
        const bool is_decode = below(3) == 0;
        std::vector<Part> parts;
        std::vector<bool> taken(slots);
        int provisional = 0, tokens = 0, logits = 0;
        for (int i = 1 + below(slots); i > 0; i--) {
            const int slot = below(slots);
            const int length = is_decode ? 1 : lengths[below(9)];
            if (taken[slot] || tokens + length > mixed_.config.max_tokens)
                continue;
            Part part = {slot, positions_[slot], tokens_of(length, random_(), vocabulary), 0, false};
            part.logits = std::min(below(4) == 0 ? below(length + 1) : 1, mixed_.config.max_rows - logits);
            part.is_provisional = length <= 8 && provisional < mixed_.config.provisional_rows && below(3) == 0;
            taken[slot] = true;
            provisional += part.is_provisional;
            tokens += length;
            logits += part.logits;
            parts.push_back(part);
        }
        return parts;
    }

    /* The logits of the parts; what is provisional is taken back from the single engine. */
    std::vector<float> run_singly(const std::vector<Part> &parts)
    {
        std::vector<float> logits;
        for (const Part &part : parts) {
            const auto before = part.is_provisional ? single_.state(part.slot) : std::vector<float>();
            for (size_t i = 0; i < part.tokens.size(); i++) {
                const auto row = single_.run({{part.slot, part.position + (int64_t)i, {part.tokens[i]}}});
                if (i + (size_t)part.logits >= part.tokens.size())
                    logits.insert(logits.end(), row.begin(), row.end());
            }
            if (part.is_provisional)
                CHECK_OK(ctn_engine_write_slot(single_.handle, part.slot, before.data()));
            else
                positions_[part.slot] += (int64_t)part.tokens.size();
        }
        return logits;
    }

    void check_drawn(const std::vector<float> &logits, const std::vector<int> &drawn, bool has_draws, const std::vector<ctn_draw> &draws)
    {
        for (size_t i = 0; i < drawn.size(); i++) {
            const auto row = logits.begin() + (long)i * vocabulary;
            const int best = (int)(std::max_element(row, row + vocabulary) - row);
            const int expected = has_draws && draws[i].wanted != 0 ? best : CTN_UNDECIDED;
            CHECK(drawn[i] == expected, "%d drawn, not %d, from row %d of plan %d", drawn[i], expected, (int)i, plans_);
        }
    }

    void commit(const Part &part)
    {
        if (!part.is_provisional || below(5) == 0)
            return;
        int left = (int)part.tokens.size();
        for (int calls = 1 + below(2); calls > 0; calls--) {
            const int count = below(left + 1);
            CHECK_OK(ctn_engine_commit(mixed_.handle, part.slot, count));
            for (int i = 0; i < count; i++)
                single_.run({{part.slot, positions_[part.slot]++, {part.tokens[part.tokens.size() - (size_t)left + (size_t)i]}, 0}});
            left -= count;
        }
    }

    void change_slot()
    {
        const int slot = below(slots), other = below(slots);
        switch (below(6)) {
        case 0:
            for (Engine *engine : {&mixed_, &single_})
                engine->clear(slot);
            positions_[slot] = below(2) == 0 ? 0 : (int64_t)below(1000) << below(40);
            break;
        case 1:
        case 2:
            for (Engine *engine : {&mixed_, &single_})
                CHECK_OK(ctn_engine_copy_slot(engine->handle, slot, other));
            positions_[other] = positions_[slot];
            break;
        case 3: {
            const auto state = mixed_.state(slot);
            CHECK(has_same_bits(single_.state(slot), state), "state of slot %d before plan %d", slot, plans_);
            for (Engine *engine : {&mixed_, &single_})
                CHECK_OK(ctn_engine_write_slot(engine->handle, other, state.data()));
            positions_[other] = positions_[slot];
            break;
        }
        case 4:
            positions_[slot] += below(100);
            break;
        default:
            break;
        }
    }

    /* A plan with one fault somewhere is refused. */
    void refuse_plan()
    {
        std::vector<Part> parts = random_parts();
        Part &part = parts[(size_t)below((int)parts.size())];
        switch (below(6)) {
        case 0: part.slot = below(2) == 0 ? -1 - below(100) : slots + below(1 << 30); break;
        case 1: part.position = -1 - (int64_t)random_(); break;
        case 2:
            part.tokens[(size_t)below((int)part.tokens.size())] = below(2) == 0 ? -1 - below(100) : vocabulary + below(1 << 30);
            part.is_provisional = false;
            break;
        case 3: part.logits = below(2) == 0 ? -1 : (int)part.tokens.size() + 1; break;
        case 4: part.tokens.clear(); part.logits = 0; break;
        default: parts.push_back(part); break;
        }
        CHECK(mixed_.begin(parts) == CTN_INVALID_ARGUMENT, "a fault before plan %d", plans_);
    }

    Engine mixed_, single_;
    std::mt19937 random_;
    int64_t positions_[slots] = {};
    int plans_ = 0;
};

TEST(Plans_Random_SameBitsAsTokenByToken)
{
    run_plans<Pair>({2, 2, 16, 8, 24, vocabulary, false}, 700, [](ctn_engine_config &) {}, 1);
}

TEST(Plans_RandomWithOtherFolds_SameBitsAsTokenByToken)
{
    run_plans<Pair>({2, 2, 16, 8, 24, vocabulary, false}, 300, [](ctn_engine_config &config) { config.fold_interval = 5; }, 2);
    run_plans<Pair>({1, 1, 10, 0, 6, vocabulary, true}, 300, [](ctn_engine_config &config) { config.fold_interval = 1; }, 3);
}

TEST(Plans_RandomOfTunedKernels_SameBitsAsTokenByToken)
{
    run_plans<Pair>({1, 2, 64, 64, 16, vocabulary, false}, 100, [](ctn_engine_config &config) { config.max_tokens = 23; }, 4);
}

TEST(Plans_RandomWithLateStreams_SameBitsAsTokenByToken)
{
    ctn::emulation::set_pace(ctn::emulation::Pace::Late);
    run_plans<Pair>({2, 2, 16, 8, 24, vocabulary, false}, 300, [](ctn_engine_config &) {}, 5);
    ctn::emulation::set_pace(ctn::emulation::Pace::Now);
}

}  // namespace

TEST_MAIN
