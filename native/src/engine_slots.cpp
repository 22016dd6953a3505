/* The engine's calls on single slots. What they put on the device goes on the steps' stream, so that each sees what came before; reads
 * and writes have streams of their own, which whoever uses the slot next waits for. */
#include "engine.h"

namespace ctn {

ctn_status Engine::check_slot(const char *name, int slot) const
{
    if (slot >= 0 && slot < dimensions_.slots)
        return CTN_OK;
    return fail(CTN_INVALID_ARGUMENT, "%s is %d; allowed: 0 to %d", name, slot, dimensions_.slots - 1);
}

/* What is put on the stream next works on the slot. */
ctn_status Engine::use_slot(int slot)
{
    last_use_[(size_t)slot] = ++put_;
    return transfers_.settle(slot, stream_.get());
}

ctn_status Engine::commit(int slot, int count)
{
    CTN_TRY(check_slot("slot", slot));
    return arena_.commit(slot, count);
}

ctn_status Engine::fill_slot(int slot, float value)
{
    CTN_TRY(check_slot("slot", slot));
    CTN_TRY(use_slot(slot));
    return arena_.fill(slot, value, stream_.get());
}

ctn_status Engine::copy_slot(int source, int destination)
{
    CTN_TRY(check_slot("source", source));
    CTN_TRY(check_slot("destination", destination));
    CTN_TRY(use_slot(source));
    CTN_TRY(use_slot(destination));
    return arena_.copy(source, destination, stream_.get());
}

ctn_status Engine::write_slot(int slot, const float *state)
{
    CTN_TRY(check_slot("slot", slot));
    if (state == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "state is null");
    const bool is_in_use = last_use_[(size_t)slot] > results_.has_run();
    CTN_TRY(transfers_.write(slot, arena_.state(slot), state, is_in_use, stream_.get()));
    arena_.forget_all(slot);
    return CTN_OK;
}

ctn_status Engine::begin_read_slot(int slot, int32_t *read)
{
    CTN_TRY(check_slot("slot", slot));
    const int number = transfers_.free_read();
    if (number >= 0) {
        CTN_TRY(use_slot(slot));
        CTN_TRY(arena_.fold(slot, stream_.get()));
        CTN_TRY(transfers_.begin_read(number, slot, arena_.state(slot), stream_.get()));
    }
    *read = number;
    return CTN_OK;
}

ctn_status Engine::end_read_slot(int read, float *state)
{
    return transfers_.end_read(read, state);
}

}  // namespace ctn
