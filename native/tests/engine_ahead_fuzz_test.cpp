/* Random plans whose rows run ahead, two steps under way, and calls on slots in between; and the same sessions token by token on an
 * engine that always waits: same bits all along. */
#include "engine_case.h"

#include <algorithm>

namespace {

using namespace test;

constexpr int slots = 6;
constexpr int vocabulary = 50;

/* A step of the fast engine that wants logits, and what must come of it. */
struct Step {
    int number;
    std::vector<float> logits;
    std::vector<int> drawn;
};

/* What of a slot's last, provisional row may still be committed. */
struct Pending {
    std::vector<int> tokens;
    bool is_of_open_draw = false;
};

struct Read {
    int number;
    std::vector<float> state;
};

class Pair {
public:
    Pair(const Model &model, const ctn_engine_config &config, unsigned seed)
        : ahead_(model, config), waiting_(model, config_of(model)), random_(seed)
    {
    }

    void run_plan()
    {
        if (ahead_.under_way() == CTN_MOST_STEPS || (ahead_.under_way() == 1 && below(4) == 0))
            end_oldest();
        for (int slot = 0; slot < slots; slot++)
            commit_some(slot);
        for (int i = below(3); i > 0; i--)
            change_slot();
        begin();
        if (below(3) == 0)
            change_slot();
        if (ahead_.under_way() == CTN_MOST_STEPS && below(8) != 0)
            end_oldest();
        plans_++;
    }

    void finish()
    {
        while (ahead_.under_way() > 0)
            end_oldest();
        while (!reads_.empty())
            end_read();
        for (int slot = 0; slot < slots; slot++)
            CHECK(has_same_bits(waiting_.state(slot), ahead_.state(slot)), "state of slot %d after %d plans", slot, plans_);
        CHECK(tokens_ahead_ > plans_ && dropped_ > plans_ / 8, "%d tokens ran ahead, %d were dropped", tokens_ahead_, dropped_);
    }

private:
    int below(int limit) { return (int)(random_() % (unsigned)limit); }

    void begin()
    {
        const std::vector<Part> parts = random_parts();
        std::vector<ctn_draw> draws;
        for (const Part &part : parts)
            for (int i = 0; i < part.logits; i++)
                draws.push_back({below(1000) * 0.001, 1, 0, below(2) == 0 ? 0.0f : 0.8f, 0, vocabulary, below(8) == 0 ? 0 : 1});
        if (below(12) == 0)
            draws.clear();
        CHECK_OK(ahead_.begin(parts, draws));

        if (std::any_of(parts.begin(), parts.end(), [](const Part &part) { return part.is_provisional; }))
            for (Pending &pending : pending_)
                pending = {};
        Step step = {plans_, {}, {}};
        for (const Part &part : parts)
            run_on_waiting(part, draws, &step);
        if (step.logits.empty())
            return;
        last_drawn_ = step.drawn;
        steps_.push_back(std::move(step));
    }

    /* Mostly the sessions of the last step, each by its own draw; else rows of any kind, some of which take another's. */
    std::vector<Part> random_parts()
    {
        static constexpr int lengths[] = {1, 1, 2, 3, 8, 9, 12};
        const int kind = below(8);
        std::vector<Part> parts;
        int tokens = 0, logits = 0, drafted = 0;
        for (int slot = 0; slot < slots; slot++) {
            const bool goes_on = next_[slot] >= 0 && below(12) != 0;
            if (!goes_on && below(kind < 6 ? 6 : 2) != 0)
                continue;
            Part part = {slot, positions_[slot], {}, 1, true};
            const int drawn = (int)last_drawn_.size();
            if (goes_on && kind < 7)
                part.tokens = {~next_[slot]};
            else if (drawn > 0 && below(4) == 0)
                part.tokens = {~below(drawn)};
            else
                part.tokens = tokens_of(lengths[below(7)], random_(), vocabulary);
            const int length = (int)part.tokens.size();
            if (tokens + length > ahead_.config.max_tokens)
                continue;
            if (part.tokens[0] >= 0) {
                part.is_provisional = length <= ahead_.config.provisional_tokens && drafted < ahead_.config.provisional_rows && below(3) == 0;
                drafted += part.is_provisional;
                part.logits = below(3) == 0 ? below(length + 1) : 1;
            }
            part.logits = kind == 0 ? 0 : std::min(part.logits, ahead_.config.max_rows - logits);
            tokens += length;
            logits += part.logits;
            parts.push_back(part);
        }
        std::shuffle(parts.begin(), parts.end(), random_);
        if (logits > 0) {
            int row = 0;
            std::fill(next_, next_ + slots, -1);
            for (const Part &part : parts) {
                row += part.logits;
                next_[part.slot] = part.logits > 0 ? row - 1 : -1;
            }
        }
        return parts;
    }

    /* Appends the part's logits and draws; a provisional row is taken back, and its tokens are pending. */
    void run_on_waiting(const Part &part, const std::vector<ctn_draw> &draws, Step *step)
    {
        Pending pending;
        for (const int token : part.tokens) {
            const int drawn = token < 0 ? last_drawn_[(size_t)~token] : token;
            pending.is_of_open_draw = drawn < 0;
            pending.tokens.push_back(std::max(drawn, 0));
            tokens_ahead_ += token < 0;
        }
        const auto before = part.is_provisional ? waiting_.state(part.slot) : std::vector<float>();
        for (size_t i = 0; i < pending.tokens.size(); i++) {
            std::vector<int> drawn;
            const bool has_logits = i + (size_t)part.logits >= pending.tokens.size();
            const auto draw = draws.empty() || !has_logits ? draws.end() : draws.begin() + (long)step->drawn.size();
            const auto row = waiting_.run({{part.slot, part.position + (int64_t)i, {pending.tokens[i]}, has_logits}},
                {draw, draw == draws.end() ? draw : draw + 1}, &drawn);
            step->logits.insert(step->logits.end(), row.begin(), row.end());
            step->drawn.insert(step->drawn.end(), drawn.begin(), drawn.end());
        }
        if (part.is_provisional)
            CHECK_OK(ctn_engine_write_slot(waiting_.handle, part.slot, before.data()));
        else
            positions_[part.slot] += (int64_t)pending.tokens.size();
        pending_[part.slot] = part.is_provisional ? pending : Pending();
    }

    /* A token ends its session now and then, or was never drawn: then it is not committed, nor what runs ahead of it. */
    void commit_some(int slot)
    {
        Pending &pending = pending_[slot];
        if (pending.tokens.empty())
            return;
        if (pending.is_of_open_draw || below(10) == 0) {
            dropped_++;
            next_[slot] = -1;
            return;
        }
        const int count = pending.tokens.size() == 1 ? 1 : below((int)pending.tokens.size() + 1);
        CHECK_OK(ctn_engine_commit(ahead_.handle, slot, count));
        for (int i = 0; i < count; i++)
            waiting_.run({{slot, positions_[slot]++, {pending.tokens[(size_t)i]}, 0}});
        pending.tokens.erase(pending.tokens.begin(), pending.tokens.begin() + count);
    }

    void end_oldest()
    {
        const Step step = steps_.front();
        steps_.pop_front();
        std::vector<int> drawn;
        CHECK(has_same_bits(step.logits, ahead_.end(&drawn)), "logits of plan %d", step.number);
        CHECK(step.drawn == drawn, "draws of plan %d", step.number);
    }

    void change_slot()
    {
        const int slot = below(slots), other = below(slots);
        switch (below(7)) {
        case 0: {
            const float value = below(6) == 0 ? NAN : 0;
            for (Engine *engine : {&ahead_, &waiting_})
                CHECK_OK(ctn_engine_fill_slot(engine->handle, slot, value));
            pending_[slot] = {};
            positions_[slot] = below(2) == 0 ? 0 : (int64_t)below(1000) << below(40);
            break;
        }
        case 1:
            for (Engine *engine : {&ahead_, &waiting_})
                CHECK_OK(ctn_engine_copy_slot(engine->handle, slot, other));
            pending_[other] = {};
            positions_[other] = positions_[slot];
            break;
        case 2: {
            const auto state = waiting_.state(slot);
            for (Engine *engine : {&ahead_, &waiting_})
                CHECK_OK(ctn_engine_write_slot(engine->handle, other, state.data()));
            pending_[other] = {};
            positions_[other] = positions_[slot];
            break;
        }
        case 3:
        case 4: {
            const int number = ahead_.begin_read(slot);
            CHECK((number == -1) == (reads_.size() == CTN_MOST_READS), "read %d beside %d others", number, (int)reads_.size());
            if (number >= 0)
                reads_.push_back({number, waiting_.state(slot)});
            break;
        }
        case 5:
            if (!reads_.empty())
                end_read();
            break;
        default:
            break;
        }
    }

    void end_read()
    {
        const auto read = reads_.begin() + below((int)reads_.size());
        CHECK(has_same_bits(read->state, ahead_.end_read(read->number)), "read before plan %d", plans_);
        reads_.erase(read);
    }

    Engine ahead_, waiting_;
    std::mt19937 random_;
    int64_t positions_[slots] = {};
    Pending pending_[slots];
    int next_[slots] = {-1, -1, -1, -1, -1, -1}; /* the row of logits of the last step that is the slot's last */
    std::vector<int> last_drawn_;                /* of the last step with logits, known before it ends */
    std::deque<Step> steps_;
    std::vector<Read> reads_;
    int plans_ = 0, tokens_ahead_ = 0, dropped_ = 0;
};

TEST(PlansAhead_Random_SameBitsAsTokenByToken)
{
    run_plans<Pair>({2, 2, 16, 8, 24, vocabulary, false}, 300, [](ctn_engine_config &) {}, 1);
}

TEST(PlansAhead_RandomWithSmallTails_SameBitsAsTokenByToken)
{
    run_plans<Pair>({2, 2, 16, 8, 24, vocabulary, false}, 200, [](ctn_engine_config &config) { config.fold_interval = 8; }, 2);
    run_plans<Pair>({1, 1, 10, 0, 6, vocabulary, true}, 200, [](ctn_engine_config &config) { config.fold_interval = config.provisional_rows = 1; }, 3);
}

TEST(PlansAhead_NoOtherProvisionalRows_SameBitsAsTokenByToken)
{
    run_plans<Pair>({1, 2, 64, 64, 16, vocabulary, false}, 60, [](ctn_engine_config &config) { config.provisional_rows = config.provisional_tokens = 0; }, 4);
}

}  // namespace

TEST_MAIN_NOW_AND_LATE
