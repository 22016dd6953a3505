/* Sessions that take the same tokens by different ways must end with the same bits: in one run of ctn_fused_recurrent, in several,
 * or through ctn_tail with any folds, ring wraps, and provisional tokens taken back; alone or beside others. */
#include "recurrent_case.h"
#include "test.h"

namespace {

using test::RecurrentCase;
using test::RecurrentSpec;

constexpr int tokens = 61;
constexpr int slots = 3;

struct Kind {
    int head_dim;
    ctn_dtype dtype;
    int heads; /* few: small tiles; many: large ones */
};

const Kind kinds[] = {{64, CTN_F32, 1}, {64, CTN_BF16, 9}, {128, CTN_F32, 9}, {128, CTN_BF16, 1}, {64, CTN_F32, 9}, {16, CTN_F32, 2},
    {100, CTN_BF16, 1}};

RecurrentSpec spec_of(const Kind &kind, int64_t position)
{
    return {kind.heads, kind.head_dim, kind.head_dim / 2 & ~1, kind.dtype, CTN_F32, slots, {{1, tokens, position}}, 21};
}

/* One session's way: its own launches on a case whose tokens are the same for all ways. */
class Session {
public:
    explicit Session(RecurrentCase &with) : case_(with), launch_(with.launch), position_(with.spec.rows[0].position)
    {
        launch_.token_begin = token_begin_;
        launch_.slot = slot_;
        launch_.position = &position_;
        launch_.tail_length = &tail_length_;
        launch_.fold = &fold_;
        launch_.rows = 1;
        slot_[0] = with.spec.rows[0].slot;
    }

    int next() const { return next_; }
    int tail_length() const { return tail_length_; }

    void run_fused(int count)
    {
        CHECK(tail_length_ == 0, "%d entries would be skipped", tail_length_);
        token_begin_[0] = next_;
        token_begin_[1] = next_ + count;
        launch_.max_row_tokens = count;
        CHECK_OK(ctn_fused_recurrent(&launch_, nullptr));
        accept(count);
    }

    /* Runs given tokens and keeps the first accepted ones. The others are not those that come in their place later. */
    void run_tail(int given, int accepted, bool folds)
    {
        token_begin_[0] = next_;
        token_begin_[1] = next_ + given;
        fold_ = folds;
        launch_.max_row_tokens = given;
        const auto qkv = case_.qkv.copy();
        replace_tokens(next_ + accepted, given - accepted);
        CHECK_OK(ctn_tail(&launch_, nullptr));
        case_.qkv.restore(qkv);
        if (folds)
            tail_length_ = 0;
        tail_length_ += accepted;
        accept(accepted);
    }

private:
    void replace_tokens(int first, int count)
    {
        const size_t row_bytes = case_.row_stride * test::element_bytes(case_.spec.dtype);
        char *const rows = case_.qkv.as<char>();
        for (int i = first; i < first + count; i++)
            std::memcpy(rows + i * row_bytes, rows + (tokens - 1 - i) * row_bytes, row_bytes);
    }

    void accept(int count)
    {
        next_ += count;
        position_ += count;
    }

    RecurrentCase &case_;
    ctn_recurrent launch_;
    int64_t position_;
    int32_t slot_[1];
    int32_t token_begin_[2];
    int32_t tail_length_ = 0;
    int32_t fold_ = 0;
    int next_ = 0;
};

struct Outcome {
    std::vector<char> o, state;
    bool operator==(const Outcome &other) const { return o == other.o && state == other.state; }
};

template <class Way>
Outcome outcome_of(const Kind &kind, int64_t position, Way way)
{
    RecurrentCase one(spec_of(kind, position));
    Session session(one);
    way(session);
    CHECK(session.next() == tokens && session.tail_length() == 0, "the way ended at %d with %d in the tail", session.next(),
        session.tail_length());
    return {one.o.copy(), one.state.copy()};
}

Outcome in_one_run(const Kind &kind, int64_t position)
{
    return outcome_of(kind, position, [](Session &session) { session.run_fused(tokens); });
}

void walk_at_random(Session &session, uint64_t seed)
{
    std::mt19937_64 random(seed);
    while (session.next() < tokens) {
        const int left = tokens - session.next();
        if (session.tail_length() == 0 && random() % 8 == 0) {
            session.run_fused(1 + (int)(random() % std::min(left, 20)));
            continue;
        }
        const int room = test::case_capacity - session.tail_length();
        const int given = (int)(random() % (std::min({8, left, room}) + 1));
        const int accepted = random() % 3 == 0 ? (int)(random() % (given + 1)) : given;
        session.run_tail(given, accepted, room < 9 || random() % 6 == 0);
    }
    session.run_tail(0, 0, true);
}

TEST(Split_FusedRuns_GiveTheSameBits)
{
    for (const Kind &kind : kinds) {
        const Outcome whole = in_one_run(kind, 5);
        for (const int piece : {1, 7, 8, 9, 33}) {
            const Outcome split = outcome_of(kind, 5, [&](Session &session) {
                while (session.next() < tokens)
                    session.run_fused(std::min(piece, tokens - session.next()));
            });
            CHECK(split == whole, "pieces of %d give other bits, head_dim %d", piece, kind.head_dim);
        }
    }
}

TEST(Tail_AnyFoldInterval_GivesTheBitsOfFusedRecurrent)
{
    for (const Kind &kind : kinds) {
        const Outcome whole = in_one_run(kind, 29);
        for (const int interval : {1, 2, 11, 16, 31}) {
            const Outcome by_tail = outcome_of(kind, 29, [&](Session &session) {
                while (session.next() < tokens)
                    session.run_tail(1, 1, session.tail_length() == interval);
                session.run_tail(0, 0, true);
            });
            CHECK(by_tail == whole, "folding every %d tokens gives other bits, head_dim %d, dtype %d", interval, kind.head_dim, kind.dtype);
        }
    }
}

TEST(Tail_RandomWalks_GiveTheBitsOfFusedRecurrent)
{
    const int64_t far_position = (int64_t{1} << 40) + 12345;
    for (const Kind &kind : kinds) {
        const Outcome whole = in_one_run(kind, far_position);
        for (uint64_t seed = 1; seed <= 8; seed++) {
            const Outcome walked = outcome_of(kind, far_position, [&](Session &session) { walk_at_random(session, seed); });
            CHECK(walked == whole, "walk %d gives other bits, head_dim %d, dtype %d", (int)seed, kind.head_dim, kind.dtype);
        }
    }
}

/* The bytes of the first row's outputs and of its slot. */
std::vector<char> first_row_bits(const RecurrentCase &one)
{
    const size_t bytes = test::element_bytes(one.spec.dtype);
    const char *const o = one.o.as<char>();
    std::vector<char> bits(o, o + one.first[1] * one.o_stride * bytes);
    const char *const state = one.state.as<char>() + one.spec.rows[0].slot * one.slot_elements * sizeof(float);
    bits.insert(bits.end(), state, state + one.slot_elements * sizeof(float));
    return bits;
}

TEST(Row_BesideOthers_HasTheBitsOfAlone)
{
    for (const int head_dim : {64, 128, 20})
        for (const bool with_tail : {false, true}) {
            RecurrentSpec spec = {2, head_dim, 16, CTN_BF16, CTN_F32, 20, {{7, 3, 100, 6, 1}}, 5};
            const auto run = with_tail ? ctn_tail : ctn_fused_recurrent;
            RecurrentCase alone(spec);
            CHECK_OK(run(&alone.launch, nullptr));

            for (int slot = 8; slot < 20; slot++)
                spec.rows.push_back({slot, slot % 5, slot * 7, 4, slot % 2});
            RecurrentCase together(spec);
            CHECK_OK(run(&together.launch, nullptr));

            CHECK(first_row_bits(together) == first_row_bits(alone), "other bits beside 12 rows, head_dim %d, tail %d", head_dim, with_tail);
        }
}

}  // namespace

TEST_MAIN
