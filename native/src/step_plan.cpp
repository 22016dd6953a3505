#include "step_plan.h"

#include <algorithm>

namespace ctn {

namespace {

template <class T>
T *array(char *descriptor, int64_t offset)
{
    return reinterpret_cast<T *>(descriptor + offset);
}

}  // namespace

StepPlan::StepPlan(const Dimensions &dimensions, const Buckets &token_buckets, const Buckets &logits_buckets)
    : dimensions_(dimensions),
      token_buckets_(token_buckets),
      logits_buckets_(logits_buckets)
{
}

void StepPlan::take()
{
    const auto rows = (size_t)dimensions_.max_rows;
    seen_.resize((size_t)dimensions_.slots);
    first_token_.resize(rows);
    place_.resize(rows);
    short_rows_.reserve(rows);
    long_rows_.reserve(rows);
    chunk_rows_.reserve(rows);
    folds_.reserve(rows);
}

bool StepPlan::is_chunk(const ctn_row &row) const
{
    return dimensions_.chunk_tokens > 0 && row.token_count >= dimensions_.least_chunk();
}

void StepPlan::arrange(const StepRequest &request, Arena &arena)
{
    short_rows_.clear();
    long_rows_.clear();
    chunk_rows_.clear();
    folds_.clear();
    if (provisional_ > 0)
        arena.forget_pending();
    for (int i = 0; i < request.row_count; i++)
        plan_row(request.rows[i], i, arena);
    choose_shape(request);
}

void StepPlan::plan_row(const ctn_row &row, int number, Arena &arena)
{
    Arena::Tail &tail = arena.tail(row.slot);
    tail.pending = 0;
    if (tail.length > 0 && tail.end != row.position)
        fold_before(row.slot, tail);
    if (row.token_count <= short_row_tokens) {
        plan_short(row, number, arena);
        return;
    }
    if (tail.length > 0)
        fold_before(row.slot, tail);
    (is_chunk(row) ? chunk_rows_ : long_rows_).push_back({number, 0, false});
}

/* The tail goes into the state where it began before the last multiple of fold_interval up to the position: a matter of positions
 * alone, so that sessions that began together do not fold together, nor at other times for their company. */
void StepPlan::plan_short(const ctn_row &row, int number, Arena &arena)
{
    Arena::Tail &tail = arena.tail(row.slot);
    if (tail.length + row.token_count > dimensions_.tail_capacity())
        fold_before(row.slot, tail);
    const int64_t interval = dimensions_.fold_interval;
    const bool folds = tail.length > 0 && row.position / interval != (row.position - tail.length) / interval;
    short_rows_.push_back({number, tail.length, folds});

    const int kept = folds ? 0 : tail.length;
    if (row.is_provisional) {
        tail = {row.position, kept, 0};
        arena.set_pending(row.slot, row.token_count);
    } else {
        tail = {row.position + row.token_count, kept + row.token_count, 0};
    }
}

void StepPlan::fold_before(int slot, Arena::Tail &tail)
{
    folds_.push_back({slot, tail.end, tail.length});
    tail.length = 0;
}

StepShape StepPlan::graph_shape(int tokens) const
{
    StepShape shape;
    shape.tokens = tokens;
    shape.logits = shape.short_rows = std::min(tokens, dimensions_.max_rows);
    shape.most_short = short_row_tokens;
    return shape;
}

StepShape StepPlan::shape_of_every_kind(int tokens) const
{
    StepShape shape = graph_shape(tokens);
    shape.long_rows = shape.folds = shape.short_rows;
    shape.most_long = tokens;
    if (dimensions_.chunk_tokens > 0)
        shape.chunk_rows = std::min(shape.short_rows, dimensions_.most_chunk_rows());
    if (shape.chunk_rows > 0)
        shape.most_chunk = shape.chunk_tokens = tokens;
    return shape;
}

void StepPlan::choose_shape(const StepRequest &request)
{
    const bool is_short = long_rows_.empty() && chunk_rows_.empty() && folds_.empty();
    is_graph_ = is_short && logits_ > 0 && request.token_count <= std::min(most_graph_tokens, dimensions_.max_tokens);
    const int padded = request.token_count == 0 ? 0 : token_buckets_.holding(request.token_count);
    if (is_graph_) {
        shape_ = graph_shape(padded);
        return;
    }

    shape_ = {};
    shape_.tokens = padded;
    shape_.logits = logits_ == 0 ? 0 : logits_buckets_.holding(logits_);
    shape_.short_rows = (int)short_rows_.size();
    shape_.long_rows = (int)long_rows_.size();
    shape_.chunk_rows = (int)chunk_rows_.size();
    shape_.folds = (int)folds_.size();
    for (const Planned &row : short_rows_)
        shape_.most_short = std::max(shape_.most_short, request.rows[row.row].token_count);
    for (const Planned &row : long_rows_)
        shape_.most_long = std::max(shape_.most_long, request.rows[row.row].token_count);
    for (const Planned &row : chunk_rows_) {
        shape_.most_chunk = std::max(shape_.most_chunk, request.rows[row.row].token_count);
        shape_.chunk_tokens += request.rows[row.row].token_count;
    }
}

void StepPlan::write(const StepRequest &request, char *descriptor, const DescriptorLayout &layout)
{
    write_padding(descriptor, shape_, layout);
    auto *const tokens = array<int32_t>(descriptor, layout.tokens);
    int first = write_rows(request, chunk_rows_, 0, descriptor, layout.chunk_rows, tokens);
    first = write_rows(request, short_rows_, first, descriptor, layout.short_rows, tokens);
    /* Rows of padding begin and end where the last short row ends. */
    for (int i = (int)short_rows_.size(); i < shape_.short_rows; i++)
        array<int32_t>(descriptor, layout.short_rows.token_begin)[i + 1] = first;
    write_rows(request, long_rows_, first, descriptor, layout.long_rows, tokens);

    for (size_t i = 0; i < folds_.size(); i++) {
        array<int32_t>(descriptor, layout.folds.slot)[i] = folds_[i].slot;
        array<int64_t>(descriptor, layout.folds.position)[i] = folds_[i].position;
        array<int32_t>(descriptor, layout.folds.tail_length)[i] = folds_[i].tail_length;
        array<int32_t>(descriptor, layout.folds.fold)[i] = 1;
    }

    auto *gather = array<int32_t>(descriptor, layout.gather);
    for (int i = 0; i < request.row_count; i++)
        for (int token = request.rows[i].token_count - request.rows[i].logits_count; token < request.rows[i].token_count; token++)
            *gather++ = place_[(size_t)i] + token;
    if (request.draws != nullptr)
        std::copy(request.draws, request.draws + logits_, array<ctn_draw>(descriptor, layout.draws));
}

/* Returns the place behind the rows' tokens. */
int StepPlan::write_rows(const StepRequest &request, const std::vector<Planned> &planned, int first_token, char *descriptor,
    const RowArrays &arrays, int32_t *tokens)
{
    array<int32_t>(descriptor, arrays.token_begin)[0] = first_token;
    for (size_t i = 0; i < planned.size(); i++) {
        const ctn_row &row = request.rows[planned[i].row];
        const int32_t *const own = request.tokens + first_token_[(size_t)planned[i].row];
        place_[(size_t)planned[i].row] = first_token;
        std::copy(own, own + row.token_count, tokens + first_token);
        first_token += row.token_count;
        array<int32_t>(descriptor, arrays.slot)[i] = row.slot;
        array<int32_t>(descriptor, arrays.token_begin)[i + 1] = first_token;
        array<int64_t>(descriptor, arrays.position)[i] = row.position;
        array<int32_t>(descriptor, arrays.tail_length)[i] = planned[i].tail_length;
        array<int32_t>(descriptor, arrays.fold)[i] = planned[i].folds ? 1 : 0;
    }
    return first_token;
}

}  // namespace ctn
