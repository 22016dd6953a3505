/* What a launch of a recurrent kernel should have left, in plain loops and double: Cottention, arXiv 2409.18747. */
#pragma once

#include "recurrent_case.h"
#include "test.h"

namespace test {

class Reference {
public:
    /* Keeps what the launch is about to change. */
    explicit Reference(const RecurrentCase &with) : case_(with), state_(with.state.copy()), tail_(with.tail.copy()), o_(with.o.copy()) {}

    /* Runs every row in double and compares. */
    void compare_fused() { compare(false, recurrent_bound()); }
    void compare_tail() { compare(true, recurrent_bound()); }
    /* f32 rows as sums of two bf16 terms, bf16 rows with q and scores rounded to bf16. */
    void compare_chunk()
    {
        state_bound_ = 3e-5;
        compare(false, case_.spec.dtype == CTN_F32 ? 2e-5 : 5e-3);
    }

    /* Of all outputs, relative to their size. */
    double output_error() const { return std::sqrt(error_ / norm_); }

private:
    using Vector = std::vector<double>;

    double recurrent_bound() const { return case_.spec.dtype == CTN_F32 ? 2e-6 : 4e-3; }

    void compare(bool with_tail, double most)
    {
        for (size_t row = 0; row < case_.spec.rows.size(); row++)
            if (case_.slot[row] >= 0)
                for (int head = 0; head < case_.spec.heads; head++)
                    with_tail ? run_tail((int)row, head) : run_fused((int)row, head);
        CHECK(output_error() <= most, "outputs are off by %.2e of their size", output_error());
        compare_untouched();
    }

    void run_fused(int row, int head)
    {
        Vector state = stored_state(row, head);
        run_tokens(row, head, state);
        const bool is_written = case_.first[row + 1] != case_.first[row];
        compare_state(row, head, state, is_written);
    }

    void run_tail(int row, int head)
    {
        const int dim = case_.spec.head_dim;
        Vector state = stored_state(row, head);
        const int64_t position = case_.position[row];
        for (int64_t p = position - case_.tail_length[row]; p < position; p++) {
            const int64_t entry = case_.tail_index(case_.slot[row], head, p);
            for (int i = 0; i < dim; i++)
                for (int j = 0; j < dim; j++)
                    state[i * dim + j] += read_element(tail_.data(), case_.spec.dtype, entry + dim + i)
                        * read_element(tail_.data(), case_.spec.dtype, entry + j);
        }
        compare_state(row, head, state, case_.fold[row] != 0 && case_.tail_length[row] != 0);
        run_tokens(row, head, state);
        for (int t = 0; t < case_.first[row + 1] - case_.first[row]; t++)
            compare_entry(row, head, t);
    }

    void run_tokens(int row, int head, Vector &state)
    {
        const int dim = case_.spec.head_dim;
        for (int t = 0; t < case_.first[row + 1] - case_.first[row]; t++) {
            const int64_t token = case_.first[row] + t;
            const Vector q = unit(row, head, t, 0);
            const Vector k = rounded(unit(row, head, t, 1));
            const Vector v = rounded(scaled_value(row, head, t));
            for (int i = 0; i < dim; i++) {
                double o = 0;
                for (int j = 0; j < dim; j++) {
                    state[i * dim + j] += v[i] * k[j];
                    o += state[i * dim + j] * q[j];
                }
                const double found = case_.output(token, head, i);
                error_ += (found - o) * (found - o);
                norm_ += o * o;
                if (!std::isfinite(found)) {
                    CHECK(false, "o of token %lld, head %d, component %d is %g", (long long)token, head, i, found);
                    return;
                }
            }
        }
    }

    /* Rotated and of unit length. */
    Vector unit(int row, int head, int t, int part) const
    {
        const RecurrentSpec &spec = case_.spec;
        Vector x(spec.head_dim);
        for (int i = 0; i < spec.head_dim; i++)
            x[i] = case_.input(case_.first[row] + t, part, head, i);
        double norm = 0;
        for (const double component : x)
            norm += component * component;
        norm = std::max(std::sqrt(norm), 1e-12);
        for (int i = 0; i < spec.rotary_dim / 2; i++) {
            const long double angle = fmodl((long double)(case_.position[row] + t) * radians_a_token(i, spec.rotary_dim), two_pi);
            const auto sine = (double)sinl(angle);
            const auto cosine = (double)cosl(angle);
            const double even = x[2 * i];
            x[2 * i] = even * cosine - x[2 * i + 1] * sine;
            x[2 * i + 1] = x[2 * i + 1] * cosine + even * sine;
        }
        for (double &component : x)
            component /= norm;
        return x;
    }

    Vector scaled_value(int row, int head, int t) const
    {
        Vector v(case_.spec.head_dim);
        const double divisor = std::max(std::pow((double)(case_.position[row] + t + 1), (double)case_.sigma[head]), 1.0);
        for (int i = 0; i < case_.spec.head_dim; i++)
            v[i] = case_.input(case_.first[row] + t, 2, head, i) / divisor;
        return v;
    }

    Vector rounded(Vector x) const
    {
        if (case_.spec.dtype == CTN_BF16)
            for (double &component : x)
                component = round_to_bf16(component);
        return x;
    }

    Vector stored_state(int row, int head) const
    {
        Vector state(case_.head_elements);
        for (int64_t i = 0; i < case_.head_elements; i++)
            state[i] = read_element(state_.data(), case_.spec.state_dtype, case_.state_index(case_.slot[row], head) + i);
        return state;
    }

    /* f32 states as closely as sums of f32 allow; f16 ones within the unit that stochastic rounding may move. With bf16 rows a
     * component near a tie may have gone to the other neighbour, by a unit of bf16 of a value that is 1 at most. */
    void compare_state(int row, int head, const Vector &expected, bool is_written)
    {
        const int64_t begin = case_.state_index(case_.slot[row], head);
        const double of_tie = case_.spec.dtype == CTN_BF16 ? 1.0 / 256 : 0;
        for (int64_t i = 0; i < case_.head_elements; i++) {
            const double found = read_element(case_.state.as<void>(), case_.spec.state_dtype, begin + i);
            const double unit = case_.spec.state_dtype == CTN_F16 ? std::fabs(expected[i]) / 1024 + 6e-8 : 0;
            const double most = is_written ? unit * 1.01 + state_bound_ + of_tie : 0;
            const double before = read_element(state_.data(), case_.spec.state_dtype, begin + i);
            const double off = std::fabs(found - (is_written ? expected[i] : before));
            if (!(off <= most)) {
                CHECK(false, "element %lld of row %d, head %d is %g, not %g", (long long)i, row, head, found, expected[i]);
                return;
            }
        }
        const size_t bytes = element_bytes(case_.spec.state_dtype);
        std::memcpy(state_.data() + begin * bytes, case_.state.as<char>() + begin * bytes, case_.head_elements * bytes);
    }

    void compare_entry(int row, int head, int t)
    {
        const int dim = case_.spec.head_dim;
        const int64_t entry = case_.tail_index(case_.slot[row], head, case_.position[row] + t);
        const Vector k = unit(row, head, t, 1);
        const Vector v = scaled_value(row, head, t);
        const double most = case_.spec.dtype == CTN_F32 ? 1e-6 : 1.0 / 200;
        for (int i = 0; i < dim; i++) {
            const double found_k = read_element(case_.tail.as<void>(), case_.spec.dtype, entry + i);
            const double found_v = read_element(case_.tail.as<void>(), case_.spec.dtype, entry + dim + i);
            CHECK(std::fabs(found_k - k[i]) <= most * std::fabs(k[i]) + 1e-6, "k %d of token %d is %g, not %g", i, t, found_k, k[i]);
            CHECK(std::fabs(found_v - v[i]) <= most * std::fabs(v[i]) + 1e-6, "v %d of token %d is %g, not %g", i, t, found_v, v[i]);
        }
        const size_t bytes = element_bytes(case_.spec.dtype);
        std::memcpy(tail_.data() + entry * bytes, case_.tail.as<char>() + entry * bytes, 2 * dim * bytes);
    }

    /* Whatever no row had to write has the bytes of before: compared parts were copied over as they were found. */
    void compare_untouched()
    {
        CHECK(case_.state.copy() == state_, "a state that was not to be written changed");
        CHECK(case_.tail.copy() == tail_, "a tail's entry that was not to be written changed");
        const size_t bytes = element_bytes(case_.spec.dtype);
        for (size_t row = 0; row < case_.spec.rows.size(); row++)
            for (int64_t t = case_.first[row]; case_.slot[row] >= 0 && t < case_.first[row + 1]; t++)
                std::memcpy(o_.data() + t * case_.o_stride * bytes, case_.o.as<char>() + t * case_.o_stride * bytes, case_.width * bytes);
        CHECK(case_.o.copy() == o_, "an output of padding, or between rows, was written");
    }

    const RecurrentCase &case_;
    std::vector<char> state_, tail_, o_;
    double error_ = 0;
    double norm_ = 1e-30;
    double state_bound_ = 3e-6;
};

/* Launches of every size, type of rows and type of states with each list of rows, against the reference. */
inline void compare_every_type_and_size(ctn_status (*start)(const ctn_recurrent *, void *), void (Reference::*compare)(),
    const std::vector<std::vector<RowSpec>> &lists, uint64_t seed)
{
    const struct {
        int heads, head_dim, rotary_dim;
    } sizes[] = {{5, 64, 64}, {3, 128, 32}, {1, 64, 0}, {2, 2, 2}, {3, 6, 4}, {2, 16, 8}, {1, 100, 100}, {2, 130, 20}, {1, 256, 64}};
    for (const auto &size : sizes)
        for (const ctn_dtype dtype : {CTN_F32, CTN_BF16})
            for (const ctn_dtype state_dtype : {CTN_F32, CTN_F16})
                for (const auto &rows : lists) {
                    RecurrentCase one({size.heads, size.head_dim, size.rotary_dim, dtype, state_dtype, 5, rows, seed});
                    Reference reference(one);
                    const int before = failures();
                    CHECK_OK(start(&one.launch, nullptr));
                    (reference.*compare)();
                    if (failures() != before)
                        std::printf("  with %d heads of %d, rotary %d, rows %d, state %d\n", size.heads, size.head_dim, size.rotary_dim,
                            dtype, state_dtype);
                }
}

}  // namespace test
