/* What changes from step to step, in one piece of memory that goes to the device in one copy. Its layout hangs on the step's shape
 * alone, so that a recorded graph finds everything where it was when it was recorded. */
#pragma once

#include "checked_size.h"
#include "dimensions.h"

namespace ctn {

/* Sizes of a step, padding included. The tokens of chunk rows come first, then those of short rows, then those of long ones. */
struct StepShape {
    int tokens = 0;         /* that go through the products */
    int logits = 0;         /* rows of logits */
    int short_rows = 0;     /* for ctn_tail */
    int long_rows = 0;      /* for ctn_fused_recurrent */
    int chunk_rows = 0;     /* for ctn_chunk */
    int folds = 0;          /* slots whose tail goes into the state before anything else */
    int most_short = 0;     /* tokens of the longest short row */
    int most_long = 0;
    int most_chunk = 0;
    int chunk_tokens = 0;   /* of all chunk rows */
};

/* Byte offsets of the arrays of one kind of rows. */
struct RowArrays {
    int64_t slot = 0;         /* i32 [rows] */
    int64_t token_begin = 0;  /* i32 [rows + 1] */
    int64_t position = 0;     /* i64 [rows] */
    int64_t tail_length = 0;  /* i32 [rows] */
    int64_t fold = 0;         /* i32 [rows] */
};

/* Byte offsets of all arrays. */
struct DescriptorLayout {
    explicit DescriptorLayout(const StepShape &shape);

    int64_t tokens;  /* i32 [tokens]: an id, or ~row of the logits that the last step with logits drew from */
    int64_t gather;  /* i32 [logits]: the token of each row of logits */
    int64_t draws;   /* ctn_draw [logits] */
    RowArrays short_rows, long_rows, chunk_rows, folds;
    int64_t bytes;
};

/* Bytes that hold the descriptor of every step within the dimensions. */
int64_t most_descriptor_bytes(const Dimensions &dimensions);

/* Writes padding for everything: rows without a slot, token 0, no draw. */
void write_padding(char *descriptor, const StepShape &shape, const DescriptorLayout &layout);

}  // namespace ctn
