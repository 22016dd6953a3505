#include "slot_transfers.h"

#include <cstring>

namespace ctn {

ctn_status SlotTransfers::take()
{
    CTN_TRY(create_stream(read_stream_.out()));
    CTN_TRY(create_stream(write_stream_.out()));
    for (OwnedEvent *event : {&before_read_, &before_write_, &written_})
        CTN_TRY(create_event(event->out()));
    for (Read &read : reads_) {
        CTN_TRY(create_event(read.copied.out()));
        CTN_TRY(read.pinned.take((int64_t)bytes(), "reading a state"));
    }
    return pinned_write_.take((int64_t)bytes(), "writing a state");
}

ctn_status SlotTransfers::write(int slot, float *state, const float *values, bool is_in_use, Stream steps)
{
    /* The last write has left the pinned memory. */
    if (has_written_)
        CTN_TRY(synchronize_event(written_.get()));
    written_slot_ = none;
    std::memcpy(pinned_write_.get(), values, bytes());
    if (is_in_use) {
        CTN_TRY(record(before_write_.get(), steps));
        CTN_TRY(wait(write_stream_.get(), before_write_.get()));
    }
    CTN_TRY(wait_for_reads(slot, write_stream_.get()));
    CTN_TRY(copy(state, pinned_write_.get(), bytes(), write_stream_.get()));
    CTN_TRY(record(written_.get(), write_stream_.get()));
    has_written_ = true;
    written_slot_ = slot;
    return CTN_OK;
}

ctn_status SlotTransfers::settle(int slot, Stream steps)
{
    if (slot == written_slot_) {
        written_slot_ = none;
        CTN_TRY(wait(steps, written_.get()));
    }
    return wait_for_reads(slot, steps);
}

/* Whatever comes after on the stream comes after them, and what uses the slot later comes after that. */
ctn_status SlotTransfers::wait_for_reads(int slot, Stream stream)
{
    for (Read &read : reads_)
        if (slot == read.slot) {
            read.slot = none;
            CTN_TRY(wait(stream, read.copied.get()));
        }
    return CTN_OK;
}

int SlotTransfers::free_read() const
{
    for (int number = 0; number < CTN_MOST_READS; number++)
        if (reads_[number].stage == Stage::Free)
            return number;
    return none;
}

ctn_status SlotTransfers::begin_read(int number, int slot, const float *state, Stream steps)
{
    Read &read = reads_[number];
    CTN_TRY(record(before_read_.get(), steps));
    CTN_TRY(wait(read_stream_.get(), before_read_.get()));
    CTN_TRY(copy(read.pinned.get(), state, bytes(), read_stream_.get()));
    CTN_TRY(record(read.copied.get(), read_stream_.get()));
    read.slot = slot;
    read.stage = Stage::UnderWay;
    return CTN_OK;
}

ctn_status SlotTransfers::end_read(int number, float *values)
{
    if (values == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "state is null");
    if (number < 0 || number >= CTN_MOST_READS)
        return fail(CTN_INVALID_ARGUMENT, "read is %d; allowed: 0 to %d", number, CTN_MOST_READS - 1);
    Read &read = reads_[number];
    Stage expected = Stage::UnderWay;
    if (!read.stage.compare_exchange_strong(expected, Stage::Ending))
        return fail(CTN_INVALID_ARGUMENT, "read %d is not under way", number);
    CTN_TRY(synchronize_event(read.copied.get()));
    std::memcpy(values, read.pinned.get(), bytes());
    read.stage = Stage::Free;
    return CTN_OK;
}

void SlotTransfers::drain()
{
    if (read_stream_.get() != nullptr)
        synchronize(read_stream_.get());
    if (write_stream_.get() != nullptr)
        synchronize(write_stream_.get());
}

}  // namespace ctn
