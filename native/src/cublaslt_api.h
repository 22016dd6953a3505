/* The part of cuBLASLt that the engine uses, declared here so that neither its headers are needed to build nor the library to load:
 * it is opened by name at run time. Values and layouts are the same in its versions 11, 12 and 13. */
#pragma once

#include <cstddef>
#include <cstdint>

namespace ctn::cublaslt {

using Handle = void *;
using Operation = void *;   /* cublasLtMatmulDesc_t */
using Layout = void *;      /* cublasLtMatrixLayout_t */
using Preference = void *;  /* cublasLtMatmulPreference_t */

enum : int { Success = 0, AllocationFailed = 3 };
enum : int { TypeF32 = 0, TypeBf16 = 14 };     /* cudaDataType_t */
enum : int { ComputeF32 = 68 };                /* cublasComputeType_t */
enum : int { Transposed = 1 };                 /* cublasOperation_t */
enum : uint32_t { EpilogueBias = 4 };          /* cublasLtEpilogue_t */
enum : int { OperationTransposeA = 3, OperationEpilogue = 7, OperationBiasPointer = 8 };
enum : int { PreferenceWorkspaceBytes = 1 };

struct Algorithm {
    uint64_t data[8];
};

/* cublasLtMatmulHeuristicResult_t */
struct Choice {
    Algorithm algorithm;
    size_t workspace_bytes;
    int status;
    float waves;
    int reserved[4];
};

struct Functions {
    int (*create)(Handle *);
    int (*destroy)(Handle);
    int (*create_operation)(Operation *, int compute_type, int scale_type);
    int (*destroy_operation)(Operation);
    int (*set_operation)(Operation, int attribute, const void *value, size_t bytes);
    int (*create_layout)(Layout *, int type, uint64_t rows, uint64_t columns, int64_t stride);
    int (*destroy_layout)(Layout);
    int (*create_preference)(Preference *);
    int (*destroy_preference)(Preference);
    int (*set_preference)(Preference, int attribute, const void *value, size_t bytes);
    int (*choose)(Handle, Operation, Layout a, Layout b, Layout c, Layout d, Preference, int wanted, Choice *, int *found);
    int (*multiply)(Handle, Operation, const void *alpha, const void *a, Layout, const void *b, Layout, const void *beta, const void *c,
        Layout, void *d, Layout, const Algorithm *, void *workspace, size_t workspace_bytes, void *stream);
};

}  // namespace ctn::cublaslt
