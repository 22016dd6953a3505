/* What StepPlan refuses. */
#include "step_plan.h"

#include <cmath>

namespace ctn {

namespace {

/* Positions end here, so that sums with them do not wrap. */
constexpr int64_t most_position = INT64_C(1) << 62;

ctn_status within(const char *name, int number, int64_t value, int64_t low, int64_t high)
{
    if (value >= low && value <= high)
        return CTN_OK;
    return fail(CTN_INVALID_ARGUMENT, "%s of row %d is %lld; allowed: %lld to %lld", name, number, (long long)value, (long long)low,
        (long long)high);
}

ctn_status check_draw(const ctn_draw &draw, int number, int vocabulary)
{
    if (draw.wanted == 0)
        return CTN_OK;
    if (!(draw.uniform >= 0 && draw.uniform < 1))
        return fail(CTN_INVALID_ARGUMENT, "uniform of draw %d is %g; allowed: 0 up to, not including, 1", number, draw.uniform);
    if (!(draw.top_p > 0 && draw.top_p <= 1))
        return fail(CTN_INVALID_ARGUMENT, "top_p of draw %d is %g; allowed: above 0, up to 1", number, draw.top_p);
    if (!(draw.min_p >= 0 && draw.min_p <= 1))
        return fail(CTN_INVALID_ARGUMENT, "min_p of draw %d is %g; allowed: 0 to 1", number, draw.min_p);
    if (!(draw.temperature >= 0) || !std::isfinite(draw.temperature))
        return fail(CTN_INVALID_ARGUMENT, "temperature of draw %d is %g; allowed: 0 and more, finite", number, (double)draw.temperature);
    if (draw.top_k < 0)
        return fail(CTN_INVALID_ARGUMENT, "top_k of draw %d is %d; allowed: 0 and more", number, draw.top_k);
    if (draw.live < 1 || draw.live > vocabulary)
        return fail(CTN_INVALID_ARGUMENT, "live of draw %d is %d; allowed: 1 to %d", number, draw.live, vocabulary);
    return CTN_OK;
}

}  // namespace

ctn_status StepPlan::check(const StepRequest &request)
{
    if (request.row_count < 0 || request.row_count > dimensions_.max_rows)
        return fail(CTN_INVALID_ARGUMENT, "row_count is %d; allowed: 0 to %d", request.row_count, dimensions_.max_rows);
    if (request.token_count < 0 || request.token_count > dimensions_.max_tokens)
        return fail(CTN_INVALID_ARGUMENT, "token_count is %d; allowed: 0 to %d", request.token_count, dimensions_.max_tokens);
    if (request.rows == nullptr && request.row_count > 0)
        return fail(CTN_INVALID_ARGUMENT, "rows is null");
    if (request.tokens == nullptr && request.token_count > 0)
        return fail(CTN_INVALID_ARGUMENT, "tokens is null");

    /* Of 2^32 requests the numbers begin anew, and what was seen long ago is forgotten. */
    if (++request_ == 0) {
        std::fill(seen_.begin(), seen_.end(), 0);
        request_ = 1;
    }
    int64_t tokens = 0;
    int64_t logits = 0;
    int drafted = 0;
    provisional_ = 0;
    for (int i = 0; i < request.row_count; i++) {
        first_token_[(size_t)i] = (int)tokens;
        CTN_TRY(check_row(request, i));
        tokens += request.rows[i].token_count;
        logits += request.rows[i].logits_count;
        provisional_ += request.rows[i].is_provisional;
        drafted += request.rows[i].is_provisional && !runs_ahead(request, i);
    }
    if (tokens != request.token_count)
        return fail(CTN_INVALID_ARGUMENT, "token_count is %d; the rows have %lld tokens", request.token_count, (long long)tokens);
    if (logits > dimensions_.max_rows)
        return fail(CTN_INVALID_ARGUMENT, "the rows want %lld rows of logits; allowed: up to %d", (long long)logits, dimensions_.max_rows);
    if (drafted > dimensions_.provisional_rows)
        return fail(CTN_INVALID_ARGUMENT, "%d rows are provisional and do not run ahead; allowed: up to %d", drafted,
            dimensions_.provisional_rows);
    logits_ = (int)logits;
    for (int i = 0; i < request.row_count; i++)
        CTN_TRY(check_tokens(request, i));
    return check_draws(request);
}

ctn_status StepPlan::check_row(const StepRequest &request, int number)
{
    const ctn_row &row = request.rows[number];
    CTN_TRY(within("slot", number, row.slot, 0, dimensions_.slots - 1));
    CTN_TRY(within("position", number, row.position, 0, most_position));
    CTN_TRY(within("is_provisional", number, row.is_provisional, 0, 1));
    const int most = !row.is_provisional ? dimensions_.max_tokens : runs_ahead(request, number) ? 1 : dimensions_.provisional_tokens;
    CTN_TRY(within("token_count", number, row.token_count, 1, most));
    CTN_TRY(within("logits_count", number, row.logits_count, 0, row.token_count));
    if (seen_[(size_t)row.slot] == request_)
        return fail(CTN_INVALID_ARGUMENT, "slot of row %d is %d, which an earlier row has already", number, row.slot);
    seen_[(size_t)row.slot] = request_;
    return CTN_OK;
}

/* Of a row that may have fewer tokens than it says: the sum is checked after the rows. */
bool StepPlan::runs_ahead(const StepRequest &request, int number) const
{
    const ctn_row &row = request.rows[number];
    const int first = first_token_[(size_t)number];
    return row.is_provisional && row.token_count == 1 && first < request.token_count && request.tokens[first] < 0;
}

ctn_status StepPlan::check_tokens(const StepRequest &request, int number) const
{
    const int first = first_token_[(size_t)number];
    if (runs_ahead(request, number)) {
        const int logits = ~request.tokens[first];
        if (logits < request.last_logits)
            return CTN_OK;
        return fail(CTN_INVALID_ARGUMENT, "token %d is %d, the draw from row %d of logits; the last step with logits has %d such rows", first,
            request.tokens[first], logits, request.last_logits);
    }
    for (int i = first; i < first + request.rows[number].token_count; i++)
        if (request.tokens[i] < 0 || request.tokens[i] >= dimensions_.vocabulary)
            return fail(CTN_INVALID_ARGUMENT, "token %d is %d; allowed: 0 to %d, and below 0 for a provisional row of one token", i,
                request.tokens[i], dimensions_.vocabulary - 1);
    return CTN_OK;
}

ctn_status StepPlan::check_draws(const StepRequest &request) const
{
    for (int i = 0; request.draws != nullptr && i < logits_; i++)
        CTN_TRY(check_draw(request.draws[i], i, dimensions_.vocabulary));
    return CTN_OK;
}

}  // namespace ctn
