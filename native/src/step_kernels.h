/* The kernels of a step beside the products and the recurrence. Pointers are device memory; type is CTN_F32 or CTN_BF16. */
#pragma once

#include "runtime.h"

namespace ctn {

/* residual [tokens, width] f32 = rows of table [vocabulary, width] of type. A token is an id within the table, or ~i for the one in
 * drawn[i], or 0 where that is CTN_UNDECIDED. */
ctn_status embed(const int32_t *tokens, const int32_t *drawn, int64_t count, int width, const void *table, ctn_dtype type, float *residual,
    Stream stream);

/* y [rows, width] of type = norm of x [.., width] f32 times weight plus bias. Row i is of x's row gather[i], or i where gather is null.
 * A row's bits hang on its values and the width alone. */
struct LayerNorm {
    const float *x;
    const int32_t *gather;
    int64_t rows;
    int width;
    const float *weight, *bias;
    float epsilon;
    void *y;
    ctn_dtype type;
};
ctn_status layer_norm(const LayerNorm &norm, Stream stream);

/* y = gelu_new(x + bias): x [rows, .. width] and y [rows, .. width] of type, rows x_stride and y_stride elements apart; bias f32. */
struct Activation {
    const void *x;
    int64_t x_stride;
    const float *bias;
    void *y;
    int64_t y_stride;
    int64_t rows;
    int width;
    ctn_dtype type;
};
ctn_status activate(const Activation &activation, Stream stream);

/* drawn [rows] = the token that each draw picks from its row of logits [rows, vocabulary], or CTN_UNDECIDED. */
ctn_status draw(const float *logits, int64_t rows, int vocabulary, const ctn_draw *draws, int32_t *drawn, Stream stream);

/* The same with a chosen number of threads a row, for tests: a multiple of 32 up to 1024. */
ctn_status draw(const float *logits, int64_t rows, int vocabulary, const ctn_draw *draws, int32_t *drawn, int threads, Stream stream);

}  // namespace ctn
