/* ctn_chunk on a launch, with its workspace. */
#pragma once

#include "recurrent_case.h"
#include "test.h"

namespace test {

/* Rows first .. first + rows - 1 of the case alone, or all. */
inline void run_chunk(RecurrentCase &one, int first = 0, int rows = -1)
{
    if (rows >= 0) {
        one.launch.rows = rows;
        one.launch.slot += first;
        one.launch.position += first;
        one.launch.token_begin += first;
    }
    const int32_t tokens = one.first[first + one.launch.rows] - one.first[first];
    const int64_t bytes = ctn_chunk_workspace(&one.launch, tokens);
    CHECK(bytes > 0, "%lld bytes of workspace: %s", (long long)bytes, ctn_last_message());
    const Buffer workspace((size_t)bytes);
    CHECK_OK(ctn_chunk(&one.launch, tokens, workspace.as<void>(), nullptr));
}

}  // namespace test
