/* A whole model on a device with its sessions' states. What the calls of cottention.h do, their pointers checked for null by api.cpp.
 *
 * (1) create: read_config, all memory at once. (2) write_tensor, seal: weights, graphs. (3) begin_step: StepPlan checks and sorts the
 * rows, their descriptor goes to the device, then the kernels of Forward as a graph or one by one, then the draws come back.
 * (4) end_step waits for the oldest step, while the next one may be on the stream already. Slots are the Arena's; what comes from and
 * goes to the host is StepResults' and SlotTransfers'. */
#pragma once

#include "slot_transfers.h"
#include "step_graphs.h"
#include "step_results.h"

#include <mutex>

namespace ctn {

class Engine {
public:
    /* chunk_bytes are Forward's for ctn_chunk. */
    Engine(Dimensions dimensions, int64_t chunk_bytes);
    ~Engine();

    ctn_status take_memory();
    void describe_memory(ctn_engine_memory *memory) const;

    ctn_status write_tensor(ctn_tensor tensor, int layer, int first_row, int rows, const float *values);
    ctn_status seal();

    ctn_status begin_step(StepRequest request);
    ctn_status end_step(int32_t *drawn);
    ctn_status read_logits(int first, int count, float *logits);

    ctn_status commit(int slot, int count);
    ctn_status fill_slot(int slot, float value);
    ctn_status copy_slot(int source, int destination);
    ctn_status write_slot(int slot, const float *state);
    ctn_status begin_read_slot(int slot, int32_t *read);
    ctn_status end_read_slot(int read, float *state);

    /* Before every call: CTN_DEVICE_ERROR where the device has failed before; makes the device this thread's. */
    ctn_status enter() const;

    /* After every call: a failed device stays failed. Any thread. */
    ctn_status leave(ctn_status status);

private:
    ctn_status check_ready() const;
    ctn_status check_slot(const char *name, int slot) const;
    ctn_status use_slot(int slot);
    ctn_status take_all();
    ctn_status put_step(const StepRequest &request);
    CheckedSize bytes() const;

    const Dimensions dimensions_;
    const Buckets token_buckets_;
    const Buckets logits_buckets_;
    OwnedStream stream_;
    Weights weights_;
    Arena arena_;
    StepBuffers buffers_;
    StepResults results_;
    SlotTransfers transfers_;
    Forward forward_;
    StepPlan plan_;
    StepGraphs graphs_;

    /* Number of what was put on the stream last, and of the last that used each slot. */
    uint64_t put_ = 0;
    std::vector<uint64_t> last_use_;

    std::once_flag failed_once_;
    std::atomic<bool> has_failed_{false};
    char failure_[256] = "";
};

}  // namespace ctn
