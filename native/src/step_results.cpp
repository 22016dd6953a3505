#include "step_results.h"

#include <algorithm>

namespace ctn {

ctn_status StepResults::take()
{
    CTN_TRY(create_stream(logits_stream_.out()));
    for (Step &step : steps_) {
        CTN_TRY(create_event(step.has_run.out()));
        CTN_TRY(step.drawn.take(dimensions_.max_rows * (int64_t)sizeof(int32_t), "the drawn tokens"));
    }
    return CTN_OK;
}

ctn_status StepResults::check_free() const
{
    if (begun_ - ended_ < CTN_MOST_STEPS)
        return CTN_OK;
    return fail(CTN_INVALID_ARGUMENT, "%d steps are under way; end the oldest before another one with logits begins", CTN_MOST_STEPS);
}

ctn_status StepResults::begin(int logits, uint64_t put, Stream steps)
{
    Step &step = steps_[turn()];
    CTN_TRY(copy(step.drawn.get(), buffers_.drawn(), (size_t)logits * sizeof(int32_t), steps));
    CTN_TRY(record(step.has_run.get(), steps));
    step.logits = logits;
    step.put = put;
    begun_++;
    return CTN_OK;
}

ctn_status StepResults::end(int32_t *drawn)
{
    if (begun_ == ended_)
        return fail(CTN_INVALID_ARGUMENT, "no step is under way");
    const Step &step = steps_[ended_ % CTN_MOST_STEPS];
    CTN_TRY(synchronize_event(step.has_run.get()));
    has_run_ = step.put;
    ended_++;
    if (drawn != nullptr)
        std::copy_n(step.drawn.at<int32_t>(0), step.logits, drawn);
    return CTN_OK;
}

ctn_status StepResults::read_logits(int first, int count, float *logits)
{
    if (begun_ - ended_ == CTN_MOST_STEPS)
        return fail(CTN_INVALID_ARGUMENT, "%d steps are under way; the logits of the one before them are gone", CTN_MOST_STEPS);
    if (ended_ == 0 && count != 0)
        return fail(CTN_INVALID_ARGUMENT, "no step with logits has ended");
    const int turn = (int)((ended_ - 1) % CTN_MOST_STEPS);
    const int rows = ended_ == 0 ? 0 : steps_[turn].logits;
    if (first < 0 || first > rows)
        return fail(CTN_INVALID_ARGUMENT, "first is %d; allowed: 0 to %d", first, rows);
    if (count < 0 || count > rows - first)
        return fail(CTN_INVALID_ARGUMENT, "count is %d from row %d on; allowed: 0 to %d", count, first, rows - first);
    if (count == 0)
        return CTN_OK;
    if (logits == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "logits is null");
    const auto row = (size_t)dimensions_.vocabulary;
    /* The step has ended: a stream of its own has nothing to wait for, least of all a step that is under way. */
    CTN_TRY(copy(logits, buffers_.logits(turn) + (size_t)first * row, (size_t)count * row * sizeof(float), logits_stream_.get()));
    return synchronize(logits_stream_.get());
}

}  // namespace ctn
