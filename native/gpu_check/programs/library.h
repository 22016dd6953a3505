/* A library with cottention.h's kernels, opened by its file's name: a program can have the GPU's and the CPU build's side by side. */
#pragma once

#include "../../include/cottention.h"

namespace gpu_check {

struct Library {
    ctn_status (*fused_recurrent)(const ctn_recurrent *, void *);
    ctn_status (*tail)(const ctn_recurrent *, void *);
    ctn_status (*chunk)(const ctn_recurrent *, int32_t, void *, void *);
    int64_t (*chunk_workspace)(const ctn_recurrent *, int32_t);
    ctn_status (*describe)(int32_t, ctn_device_info *);
    const char *(*last_message)();
};

/* The library that the environment variable names. Null where the variable is not set; what cannot be opened ends the program. */
const Library *open_library(const char *variable);

}  // namespace gpu_check
