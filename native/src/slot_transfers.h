/* States between the device and the host, through pinned memory and streams of their own, while steps go on. */
#pragma once

#include "dimensions.h"
#include "owned.h"

#include <atomic>

namespace ctn {

class SlotTransfers {
public:
    explicit SlotTransfers(const Dimensions &dimensions) : dimensions_(dimensions) {}

    ctn_status take();

    /* Brings values to state; steps up to now come first where is_in_use, and reads of the slot anyway. */
    ctn_status write(int slot, float *state, const float *values, bool is_in_use, Stream steps);

    /* Has the stream of the steps wait for reads and writes of the slot that may be under way. */
    ctn_status settle(int slot, Stream steps);

    /* Number of a read that can begin, or -1. */
    int free_read() const;

    /* Starts to bring the state over, after what the steps' stream holds. */
    ctn_status begin_read(int number, int slot, const float *state, Stream steps);

    /* Waits for it. On any thread. */
    ctn_status end_read(int number, float *values);

    /* Waits for everything. */
    void drain();

private:
    static constexpr int none = -1;

    enum class Stage { Free, UnderWay, Ending };

    struct Read {
        PinnedMemory pinned;
        OwnedEvent copied;
        std::atomic<Stage> stage{Stage::Free};
        int slot = none; /* that has not settled; of the steps' thread alone */
    };

    size_t bytes() const { return (size_t)dimensions_.slot_state() * sizeof(float); }
    ctn_status wait_for_reads(int slot, Stream stream);

    const Dimensions &dimensions_;
    OwnedStream read_stream_, write_stream_;
    Read reads_[CTN_MOST_READS];
    OwnedEvent before_read_, before_write_, written_;
    PinnedMemory pinned_write_;
    int written_slot_ = none;
    bool has_written_ = false;
};

}  // namespace ctn
