/* A launch whose arrays lie in host memory, with device memory for each of them. */
#pragma once

#include "../../include/cottention.h"
#include "device.h"

#include <deque>

namespace gpu_check {

inline size_t bytes_of(ctn_dtype dtype) { return dtype == CTN_F32 ? 4 : 2; }

/* What a launch of these numbers reads and writes, in bytes from its pointers. */
struct LaunchExtent {
    explicit LaunchExtent(const ctn_recurrent &launch);
    size_t qkv, o, state, tail;
};

/* Whether the arrays of the launch can be found in host memory. The library refuses what is not plausible by its numbers alone. */
bool is_plausible(const ctn_recurrent &launch);

class StagedLaunch {
public:
    explicit StagedLaunch(const ctn_recurrent &host);

    /* The same numbers, with pointers to the device. */
    const ctn_recurrent &launch() const { return device_; }

    /* Brings o, state and tail back to where they came from. */
    void bring_back() const;

private:
    void *stage(const void *host, size_t bytes);

    ctn_recurrent host_;
    LaunchExtent extent_;
    ctn_recurrent device_;
    std::deque<DeviceMemory> arrays_;
};

}  // namespace gpu_check
