/* The arguments of folding one slot, on the device. They go there as a kernel's parameters: nothing of the host has to live on. */
#pragma once

#include "runtime.h"

namespace ctn {

struct FoldArguments {
    int64_t position;
    int32_t token_begin[2];
    int32_t slot;
    int32_t tail_length;
    int32_t fold;
};

ctn_status set_fold_arguments(FoldArguments *place, const FoldArguments &arguments, Stream stream);

}  // namespace ctn
