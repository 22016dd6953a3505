/* Matrix products y = x W^T of a step: cuBLASLt on a GPU (gemm_cublaslt.cpp), a plain loop in the CPU build (gemm_loop.cpp). */
#pragma once

#include "runtime.h"

#include <memory>
#include <vector>

namespace ctn {

/* One matrix product's constants. W is [outputs, inputs], x [tokens, inputs], both of type input; y is [tokens, outputs]. */
struct Product {
    int outputs;
    int inputs;
    ctn_dtype input;
    ctn_dtype output;  /* CTN_F32 or CTN_BF16; sums are f32 */
    bool adds;         /* y += instead of y = */
    bool has_bias;     /* [outputs] f32 is added to every row */
};

class Gemm {
public:
    Gemm();
    ~Gemm();

    /* Finds the library; CTN_NO_DEVICE where there is none. On the current device. */
    ctn_status open();

    /* Device memory that the products work in. */
    static int64_t workspace_bytes();

    /* Adds a product and fixes its algorithm for each number of tokens; its number, from 0 on, is what run is given. */
    ctn_status add(const Product &product, const std::vector<int> &token_counts);

    /* tokens is one of token_counts, number bucket in it. */
    ctn_status run(int product, int bucket, const void *weights, const void *x, void *y, const float *bias, void *workspace, Stream stream);

private:
    struct Library;
    std::unique_ptr<Library> library_;
};

}  // namespace ctn
