/* Dynamic shared memory of a block: NaN at first, a canary behind it. */
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>

namespace ctn::emulation {

class SharedMemory {
public:
    explicit SharedMemory(size_t bytes) : bytes_(bytes), storage_(new char[bytes + canary_bytes + alignment]) {}

    void *begin() const
    {
        const auto address = reinterpret_cast<uintptr_t>(storage_.get());
        return reinterpret_cast<void *>((address + alignment - 1) / alignment * alignment);
    }

    /* All bits set are NaN in every float format. */
    void poison() const
    {
        std::memset(begin(), 0xff, bytes_);
        std::memset(canary(), canary_byte, canary_bytes);
    }

    bool is_canary_whole() const
    {
        for (size_t i = 0; i < canary_bytes; i++)
            if (canary()[i] != canary_byte)
                return false;
        return true;
    }

private:
    static constexpr size_t alignment = 128;
    static constexpr size_t canary_bytes = 1024;
    static constexpr unsigned char canary_byte = 0xa5;

    unsigned char *canary() const { return static_cast<unsigned char *>(begin()) + bytes_; }

    size_t bytes_;
    std::unique_ptr<char[]> storage_;
};

}  // namespace ctn::emulation
