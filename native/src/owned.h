/* What the runtime hands out, given back at the end of its owner's life. */
#pragma once

#include "runtime.h"

namespace ctn {

template <void (*GiveBack)(void *)>
class Owned {
public:
    Owned() = default;
    Owned(const Owned &) = delete;
    Owned &operator=(const Owned &) = delete;
    ~Owned() { reset(); }

    void *get() const { return handle_; }

    /* Where a runtime function puts the handle. */
    void **out()
    {
        reset();
        return &handle_;
    }

    void reset()
    {
        if (handle_ != nullptr)
            GiveBack(handle_);
        handle_ = nullptr;
    }

protected:
    void *handle_ = nullptr;
};

using OwnedStream = Owned<destroy_stream>;
using OwnedEvent = Owned<destroy_event>;
using OwnedGraph = Owned<destroy_graph>;

class DeviceMemory : public Owned<release> {
public:
    /* bytes 0 takes nothing. */
    ctn_status take(int64_t bytes, const char *what)
    {
        return bytes == 0 ? CTN_OK : allocate(out(), (size_t)bytes, what);
    }

    template <class T = char>
    T *at(int64_t byte_offset) const { return reinterpret_cast<T *>(static_cast<char *>(handle_) + byte_offset); }
};

class PinnedMemory : public Owned<release_pinned> {
public:
    ctn_status take(int64_t bytes, const char *what)
    {
        return bytes == 0 ? CTN_OK : allocate_pinned(out(), (size_t)bytes, what);
    }

    template <class T = char>
    T *at(int64_t byte_offset) const { return reinterpret_cast<T *>(static_cast<char *>(handle_) + byte_offset); }
};

}  // namespace ctn
