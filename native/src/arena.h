/* The states of all slots, with their tails: the newest keys and values of a slot that its state does not hold yet. */
#pragma once

#include "checked_size.h"
#include "dimensions.h"
#include "owned.h"

namespace ctn {

class Arena {
public:
    /* The tail of a slot: its committed entries are those of positions end - length .. end - 1; behind them lie pending ones of the
     * slot's last provisional row, which nobody has committed. */
    struct Tail {
        int64_t end = 0;
        int length = 0;
        int pending = 0;
    };

    explicit Arena(const Dimensions &dimensions);

    /* Bytes of device memory. */
    const CheckedSize &state_bytes() const { return state_bytes_; }
    const CheckedSize &tail_bytes() const { return tail_bytes_; }
    int64_t fold_bytes() const;

    /* Takes the memory. All states are zero. */
    ctn_status take(Stream stream);

    /* A launch over states and tails: of one layer, or of all layers' heads together for layer -1. */
    ctn_recurrent launch(int layer, int rows) const;

    float *state(int slot) const { return states_.at<float>(slot * dimensions_.slot_state() * (int64_t)sizeof(float)); }
    Tail &tail(int slot) { return tails_of_slots_[(size_t)slot]; }

    /* Puts the slot's committed entries into its state. */
    ctn_status fold(int slot, Stream stream);

    /* Runs what fold and fill alone run, on no slot. */
    ctn_status load_kernels(Stream stream);

    ctn_status fill(int slot, float value, Stream stream);
    ctn_status copy(int source, int destination, Stream stream);

    /* 0 to the slot's pending entries. */
    ctn_status commit(int slot, int count);

    /* Of the slot's state and tail alone, as when something else is written there. */
    void forget_all(int slot) { tail(slot) = Tail(); }

    /* What every slot's last provisional row left uncommitted. */
    void forget_pending();
    void set_pending(int slot, int count);

private:
    int64_t bytes_of_tail() const { return dimensions_.slot_tail() * dimensions_.weight_size(); }

    const Dimensions &dimensions_;
    CheckedSize state_bytes_;
    CheckedSize tail_bytes_;
    DeviceMemory states_;
    DeviceMemory tails_;
    DeviceMemory fold_;
    std::vector<Tail> tails_of_slots_;
    std::vector<int> slots_with_pending_;
};

}  // namespace ctn
