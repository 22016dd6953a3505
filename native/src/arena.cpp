#include "arena.h"

#include "fill.h"
#include "fold_arguments.h"

namespace ctn {

Arena::Arena(const Dimensions &dimensions)
    : dimensions_(dimensions),
      state_bytes_(CheckedSize(dimensions.layers) * dimensions.heads * dimensions.head_state() * (int64_t)sizeof(float) * dimensions.slots),
      tail_bytes_(CheckedSize(dimensions.layers) * dimensions.heads * dimensions.head_tail() * dimensions.weight_size() * dimensions.slots)
{
}

int64_t Arena::fold_bytes() const
{
    return sizeof(FoldArguments);
}

ctn_status Arena::take(Stream stream)
{
    tails_of_slots_.resize((size_t)dimensions_.slots);
    slots_with_pending_.reserve((size_t)dimensions_.max_rows);
    CTN_TRY(states_.take(state_bytes_.value(), "the states"));
    CTN_TRY(tails_.take(tail_bytes_.value(), "the tails of the states"));
    CTN_TRY(fold_.take(fold_bytes(), "the arguments of a fold"));
    return set_bytes(states_.get(), 0, (size_t)state_bytes_.value(), stream);
}

ctn_recurrent Arena::launch(int layer, int rows) const
{
    const bool is_of_all = layer < 0;
    const int64_t first = is_of_all ? 0 : layer;
    ctn_recurrent launch = {};
    launch.struct_size = sizeof launch;
    launch.rows = rows;
    launch.heads = is_of_all ? dimensions_.layers * dimensions_.heads : dimensions_.heads;
    launch.head_dim = dimensions_.head_dim;
    launch.rotary_dim = dimensions_.rotary_dim;
    launch.dtype = dimensions_.weight_dtype;
    launch.state_dtype = CTN_F32;
    launch.state = states_.at<float>(first * dimensions_.layer_state() * (int64_t)sizeof(float));
    launch.slot_stride = dimensions_.slot_state();
    launch.head_stride = dimensions_.head_state();
    launch.tail = tails_.at(first * dimensions_.layer_tail() * dimensions_.weight_size());
    launch.tail_slot_stride = dimensions_.slot_tail();
    launch.tail_head_stride = dimensions_.head_tail();
    launch.tail_capacity = dimensions_.tail_capacity();
    return launch;
}

ctn_status Arena::fold(int slot, Stream stream)
{
    Tail &own = tail(slot);
    if (own.length == 0)
        return CTN_OK;
    auto *const arguments = static_cast<FoldArguments *>(fold_.get());
    CTN_TRY(set_fold_arguments(arguments, {own.end, {0, 0}, slot, own.length, 1}, stream));

    ctn_recurrent launch = this->launch(-1, 1);
    launch.max_row_tokens = 0;
    /* No token is run, so nothing is read or written through these. */
    launch.qkv = launch.o = states_.get();
    launch.o_stride = (int64_t)launch.heads * launch.head_dim;
    launch.row_stride = 3 * launch.o_stride;
    launch.k_offset = launch.o_stride;
    launch.v_offset = 2 * launch.o_stride;
    launch.rotary_dim = 0;
    launch.sigma = states_.at<float>(0);
    launch.slot = &arguments->slot;
    launch.token_begin = arguments->token_begin;
    launch.position = &arguments->position;
    launch.tail_length = &arguments->tail_length;
    launch.fold = &arguments->fold;
    CTN_TRY(ctn_tail(&launch, stream));
    own.length = 0;
    return CTN_OK;
}

ctn_status Arena::load_kernels(Stream stream)
{
    CTN_TRY(ctn::fill(fold_.get(), 4, CTN_F32, 0, stream));
    return set_fold_arguments(static_cast<FoldArguments *>(fold_.get()), {0, {0, 0}, -1, 0, 0}, stream);
}

ctn_status Arena::fill(int slot, float value, Stream stream)
{
    CTN_TRY(ctn::fill(state(slot), dimensions_.slot_state(), CTN_F32, value, stream));
    forget_all(slot);
    return CTN_OK;
}

ctn_status Arena::copy(int source, int destination, Stream stream)
{
    Tail &from = tail(source);
    if (source != destination) {
        CTN_TRY(ctn::copy(state(destination), state(source), (size_t)dimensions_.slot_state() * sizeof(float), stream));
        if (from.length > 0)
            CTN_TRY(ctn::copy(
                tails_.at(destination * bytes_of_tail()), tails_.at(source * bytes_of_tail()), (size_t)bytes_of_tail(), stream));
    }
    tail(destination) = {from.end, from.length, 0};
    return CTN_OK;
}

ctn_status Arena::commit(int slot, int count)
{
    Tail &own = tail(slot);
    if (count < 0 || count > own.pending)
        return fail(CTN_INVALID_ARGUMENT, "count is %d; allowed: 0 to the %d tokens of slot %d's provisional row that are left", count,
            own.pending, slot);
    own.end += count;
    own.length += count;
    own.pending -= count;
    return CTN_OK;
}

void Arena::forget_pending()
{
    for (const int slot : slots_with_pending_)
        tail(slot).pending = 0;
    slots_with_pending_.clear();
}

void Arena::set_pending(int slot, int count)
{
    tail(slot).pending = count;
    slots_with_pending_.push_back(slot);
}

}  // namespace ctn
