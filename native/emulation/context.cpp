#include "context.h"

#include <cstdint>

#if CTN_OWN_SWITCH

/* Keeps what a call must preserve on the old stack, stores its pointer in *from, and takes the same from the new stack. */
extern "C" void ctn_emulation_switch(void **from, void *to);

#if defined(__x86_64__)
asm(R"(
    .text
    .hidden ctn_emulation_switch
    .globl ctn_emulation_switch
    .type ctn_emulation_switch, @function
ctn_emulation_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size ctn_emulation_switch, .-ctn_emulation_switch
)");
#else
asm(R"(
    .text
    .hidden ctn_emulation_switch
    .globl ctn_emulation_switch
    .type ctn_emulation_switch, %function
ctn_emulation_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size ctn_emulation_switch, .-ctn_emulation_switch
)");
#endif

namespace ctn::emulation {

void Context::prepare(char *stack, size_t bytes, void (*entry)())
{
    const uintptr_t top = (reinterpret_cast<uintptr_t>(stack) + bytes) & ~static_cast<uintptr_t>(15);
#if defined(__x86_64__)
    /* From the top: a return address that is never used, the entry that the switch returns to, six registers. */
    constexpr int words = 8;
    constexpr int entry_word = 6;
#else
    constexpr int words = 20;
    constexpr int entry_word = 11;
#endif
    auto *frame = reinterpret_cast<uintptr_t *>(top) - words;
    for (int i = 0; i < words; i++)
        frame[i] = 0;
    frame[entry_word] = reinterpret_cast<uintptr_t>(entry);
    stack_pointer = frame;
}

void Context::change(Context &from, Context &to)
{
    ctn_emulation_switch(&from.stack_pointer, to.stack_pointer);
}

}  // namespace ctn::emulation

#else

namespace ctn::emulation {

void Context::prepare(char *stack, size_t bytes, void (*entry)())
{
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = bytes;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
}

void Context::change(Context &from, Context &to)
{
    swapcontext(&from.context, &to.context);
}

}  // namespace ctn::emulation

#endif
