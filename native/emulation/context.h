/* A point of execution on a stack of its own, and the change from one to another: a few instructions where the processor is
 * known, ucontext elsewhere. Nothing here may be built with a sanitizer that follows stacks. */
#pragma once

#include <cstddef>

#if !defined(CTN_OWN_SWITCH)
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define CTN_OWN_SWITCH 1
#else
#define CTN_OWN_SWITCH 0
#endif
#endif

#if !CTN_OWN_SWITCH
#include <ucontext.h>
#endif

namespace ctn::emulation {

class Context {
public:
    /* Prepares to run entry, which never returns, on the stack [stack, stack + bytes). */
    void prepare(char *stack, size_t bytes, void (*entry)());

    /* Leaves off here, into from, and goes on where to left off. */
    static void change(Context &from, Context &to);

private:
#if CTN_OWN_SWITCH
    void *stack_pointer = nullptr;
#else
    ucontext_t context;
#endif
};

}  // namespace ctn::emulation
