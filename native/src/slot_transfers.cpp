#include "slot_transfers.h"

#include <cstring>

namespace ctn {

ctn_status SlotTransfers::take()
{
    CTN_TRY(create_stream(read_stream_.out()));
    CTN_TRY(create_stream(write_stream_.out()));
    for (OwnedEvent *event : {&copied_, &read_, &before_write_, &written_})
        CTN_TRY(create_event(event->out()));
    CTN_TRY(copy_.take(device_bytes(), "a copy of a state"));
    CTN_TRY(pinned_read_.take(device_bytes(), "reading a state"));
    return pinned_write_.take(device_bytes(), "writing a state");
}

ctn_status SlotTransfers::write(int slot, float *state, const float *values, bool is_in_use, Stream steps)
{
    /* The last write has left the pinned memory. */
    if (has_written_)
        CTN_TRY(synchronize_event(written_.get()));
    written_slot_ = none;
    std::memcpy(pinned_write_.get(), values, (size_t)device_bytes());
    if (is_in_use) {
        CTN_TRY(record(before_write_.get(), steps));
        CTN_TRY(wait(write_stream_.get(), before_write_.get()));
    }
    CTN_TRY(copy(state, pinned_write_.get(), (size_t)device_bytes(), write_stream_.get()));
    CTN_TRY(record(written_.get(), write_stream_.get()));
    has_written_ = true;
    written_slot_ = slot;
    return CTN_OK;
}

ctn_status SlotTransfers::settle(int slot, Stream steps)
{
    if (slot != written_slot_)
        return CTN_OK;
    written_slot_ = none;
    return wait(steps, written_.get());
}

ctn_status SlotTransfers::check_free() const
{
    return is_reading_ ? fail(CTN_INVALID_ARGUMENT, "a slot is being read; one read at a time is allowed") : CTN_OK;
}

ctn_status SlotTransfers::begin_read(const float *state, Stream steps)
{
    CTN_TRY(copy(copy_.get(), state, (size_t)device_bytes(), steps));
    CTN_TRY(record(copied_.get(), steps));
    CTN_TRY(wait(read_stream_.get(), copied_.get()));
    CTN_TRY(copy(pinned_read_.get(), copy_.get(), (size_t)device_bytes(), read_stream_.get()));
    CTN_TRY(record(read_.get(), read_stream_.get()));
    is_reading_ = true;
    return CTN_OK;
}

ctn_status SlotTransfers::end_read(float *values)
{
    if (!is_reading_)
        return fail(CTN_INVALID_ARGUMENT, "no slot is being read");
    if (values == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "state is null");
    CTN_TRY(synchronize_event(read_.get()));
    std::memcpy(values, pinned_read_.get(), (size_t)device_bytes());
    is_reading_ = false;
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
