/* States between the device and the host, through pinned memory and streams of their own, while steps go on. */
#pragma once

#include "dimensions.h"
#include "owned.h"

#include <atomic>

namespace ctn {

class SlotTransfers {
public:
    explicit SlotTransfers(const Dimensions &dimensions) : dimensions_(dimensions) {}

    /* Bytes of device memory: a copy of one state. */
    int64_t device_bytes() const { return dimensions_.slot_state() * (int64_t)sizeof(float); }
    ctn_status take();

    /* Brings values to state; steps up to now come first where is_in_use. */
    ctn_status write(int slot, float *state, const float *values, bool is_in_use, Stream steps);

    /* Has the stream of the steps wait for a write of the slot that may be under way. */
    ctn_status settle(int slot, Stream steps);

    /* Refuses while a slot is being read. */
    ctn_status check_free() const;

    /* Takes a copy of the state after what the steps' stream holds, and starts to bring it over. */
    ctn_status begin_read(const float *state, Stream steps);

    /* Waits for it. On any thread. */
    ctn_status end_read(float *values);

    /* Waits for everything. */
    void drain();

private:
    static constexpr int none = -1;

    const Dimensions &dimensions_;
    OwnedStream read_stream_, write_stream_;
    OwnedEvent copied_, read_, before_write_, written_;
    DeviceMemory copy_;
    PinnedMemory pinned_read_, pinned_write_;
    int written_slot_ = none;
    bool has_written_ = false;
    std::atomic<bool> is_reading_{false};
};

}  // namespace ctn
