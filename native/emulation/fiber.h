/* A stack with a point of execution on it, and a page behind it that no frame may reach. */
#pragma once

#include "context.h"

#include <sys/mman.h>

#include <new>

namespace ctn::emulation {

class Fiber {
public:
    explicit Fiber(void (*entry)()) : entry_(entry)
    {
        void *memory = mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            throw std::bad_alloc();
        stack_ = static_cast<char *>(memory);
        mprotect(stack_, guard_bytes, PROT_NONE);
        reset();
    }
    ~Fiber() { munmap(stack_, guard_bytes + stack_bytes); }
    Fiber(const Fiber &) = delete;
    Fiber &operator=(const Fiber &) = delete;

    /* Forgets whatever it was doing. */
    void reset() { context.prepare(stack_ + guard_bytes, stack_bytes, entry_); }

    Context context;

private:
    static constexpr size_t guard_bytes = 64 * 1024;
    static constexpr size_t stack_bytes = 192 * 1024;
    void (*entry_)();
    char *stack_;
};

}  // namespace ctn::emulation
