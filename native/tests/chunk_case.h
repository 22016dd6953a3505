/* ctn_chunk on a launch, with its workspace. */
#pragma once

#include "recurrent_case.h"
#include "test.h"

namespace test {

inline void run_chunk(RecurrentCase &one)
{
    const int32_t tokens = one.first.back();
    const int64_t bytes = ctn_chunk_workspace(&one.launch, tokens);
    CHECK(bytes > 0, "%lld bytes of workspace: %s", (long long)bytes, ctn_last_message());
    const Buffer workspace((size_t)bytes);
    CHECK_OK(ctn_chunk(&one.launch, tokens, workspace.as<void>(), nullptr));
}

}  // namespace test
