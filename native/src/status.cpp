#include "status.h"

#include <cstdarg>
#include <cstdio>

namespace ctn {

namespace {
thread_local char message[512];
}

ctn_status fail(ctn_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return status;
}

void clear_message()
{
    message[0] = 0;
}

}  // namespace ctn

extern "C" int32_t ctn_abi_version(void)
{
    return CTN_ABI_VERSION;
}

extern "C" const char *ctn_last_message(void)
{
    return ctn::message;
}
