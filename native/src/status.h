/* What a call of the C ABI answers, and its message. */
#pragma once

#include "../include/cottention.h"

#include <exception>
#include <new>

namespace ctn {

/* Keeps a printf-style message for ctn_last_message on this thread, and returns the status. */
ctn_status fail(ctn_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties this thread's message. */
void clear_message();

/* The body of every exported function: nothing is thrown across the boundary, and success leaves no message. */
template <class Body>
ctn_status guarded(Body body) noexcept
{
    clear_message();
    try {
        return body();
    } catch (const std::bad_alloc &) {
        return fail(CTN_OUT_OF_MEMORY, "out of host memory");
    } catch (const std::exception &error) {
        return fail(CTN_DEVICE_ERROR, "unexpected failure: %s", error.what());
    }
}

}  // namespace ctn

/* Returns from the function where the expression is not CTN_OK. */
#define CTN_TRY(expression)                       \
    do {                                          \
        const ctn_status ctn_status_ = (expression); \
        if (ctn_status_ != CTN_OK)                \
            return ctn_status_;                   \
    } while (0)
