/* The functions of cuBLASLt that the engine calls, on host memory and by the library's documentation: matrices are column-major,
 * D = alpha op(A) op(B) + beta C, and a bias is added to each column. It refuses what the library refuses, and checks what a
 * caller must not do. For tests of gemm_cublaslt.cpp without a GPU. */
#pragma once

#include "../src/cublaslt_api.h"
#include "../src/rounding.h"
#include "test.h"

#include <map>
#include <string>

namespace fake_cublaslt {

using namespace ctn::cublaslt;

constexpr int not_supported = 15;
constexpr int not_initialized = 1;
constexpr int invalid_value = 7;

struct FakeOperation {
    int compute, scale;
    int32_t transposes_a = 0;
    uint32_t epilogue = 1;
    const float *bias = nullptr;
};

struct FakeLayout {
    int type;
    int64_t rows, columns, stride;
};

/* Handles, operations, layouts and preferences that live; what products ran; what the library does not serve. */
struct State {
    int alive = 0;
    int products = 0;
    uint64_t workspace_bytes = 0;
    int unserved_columns = -1;
    std::string library = "libcublasLt.so.12";
    std::string too_new_library;   /* loads, and makes no handle */
    std::string last_opened;
    std::string missing_function;
    std::string opened;
};
inline State state;

template <class T>
int make(void **handle, T *made)
{
    state.alive++;
    *handle = made;
    return Success;
}

template <class T>
int unmake(void *handle)
{
    state.alive--;
    delete static_cast<T *>(handle);
    return Success;
}

inline int create(Handle *handle) { return state.last_opened == state.too_new_library ? not_initialized : make(handle, new char); }
inline int destroy(Handle handle) { return unmake<char>(handle); }
inline int create_operation(Operation *operation, int compute, int scale) { return make(operation, new FakeOperation{compute, scale}); }
inline int destroy_operation(Operation operation) { return unmake<FakeOperation>(operation); }
inline int destroy_layout(Layout layout) { return unmake<FakeLayout>(layout); }
inline int create_preference(Preference *preference) { return make(preference, new char); }
inline int destroy_preference(Preference preference) { return unmake<char>(preference); }

inline int create_layout(Layout *layout, int type, uint64_t rows, uint64_t columns, int64_t stride)
{
    return make(layout, new FakeLayout{type, (int64_t)rows, (int64_t)columns, stride});
}

template <class T>
int set(T *place, const void *value, size_t bytes)
{
    if (bytes != sizeof *place)
        return invalid_value;
    std::memcpy(place, value, bytes);
    return Success;
}

inline int set_operation(Operation operation, int attribute, const void *value, size_t bytes)
{
    auto *const own = static_cast<FakeOperation *>(operation);
    switch (attribute) {
    case OperationTransposeA: return set(&own->transposes_a, value, bytes);
    case OperationEpilogue: return set(&own->epilogue, value, bytes);
    case OperationBiasPointer: return set(&own->bias, value, bytes);
    default: return invalid_value;
    }
}

inline int set_preference(Preference, int attribute, const void *value, size_t bytes)
{
    return attribute == PreferenceWorkspaceBytes ? set(&state.workspace_bytes, value, bytes) : invalid_value;
}

/* op(A) is [rows of D, inner], B [inner, columns of D]. */
inline bool fits(const FakeOperation &operation, const FakeLayout &a, const FakeLayout &b, const FakeLayout &c, const FakeLayout &d)
{
    const int64_t rows = operation.transposes_a == Transposed ? a.columns : a.rows;
    const int64_t inner = operation.transposes_a == Transposed ? a.rows : a.columns;
    const bool has_types = a.type == b.type && c.type == d.type && operation.compute == ComputeF32 && operation.scale == TypeF32 &&
        (operation.epilogue != EpilogueBias || (operation.bias != nullptr && d.type == TypeF32));
    return has_types && rows == d.rows && inner == b.rows && b.columns == d.columns && c.rows == d.rows && c.columns == d.columns &&
        a.stride >= a.rows && b.stride >= b.rows && d.stride >= d.rows;
}

inline int choose(Handle, Operation operation, Layout a, Layout b, Layout c, Layout d, Preference, int wanted, Choice *choices, int *found)
{
    const auto &left = *static_cast<FakeLayout *>(a), &right = *static_cast<FakeLayout *>(b);
    const auto &from = *static_cast<FakeLayout *>(c), &to = *static_cast<FakeLayout *>(d);
    *found = 0;
    if (wanted < 1 || !fits(*static_cast<FakeOperation *>(operation), left, right, from, to))
        return invalid_value;
    if (to.columns == state.unserved_columns)
        return not_supported;
    choices[0] = {};
    choices[0].algorithm.data[0] = (uint64_t)to.columns;
    choices[0].algorithm.data[7] = (uint64_t)(left.type * 100 + to.type);
    *found = 1;
    return Success;
}

inline float load(const void *matrix, const FakeLayout &layout, int64_t row, int64_t column)
{
    const int64_t place = column * layout.stride + row;
    if (layout.type == TypeF32)
        return static_cast<const float *>(matrix)[place];
    const uint32_t bits = (uint32_t) static_cast<const uint16_t *>(matrix)[place] << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline int multiply(Handle, Operation operation, const void *alpha, const void *a, Layout a_layout, const void *b, Layout b_layout,
    const void *beta, const void *c, Layout c_layout, void *d, Layout d_layout, const Algorithm *algorithm, void *, size_t workspace_bytes,
    void *)
{
    const auto &own = *static_cast<FakeOperation *>(operation);
    const auto &left = *static_cast<FakeLayout *>(a_layout), &right = *static_cast<FakeLayout *>(b_layout);
    const auto &from = *static_cast<FakeLayout *>(c_layout), &to = *static_cast<FakeLayout *>(d_layout);
    const bool has_its_algorithm =
        algorithm->data[0] == (uint64_t)to.columns && algorithm->data[7] == (uint64_t)(left.type * 100 + to.type);
    if (!fits(own, left, right, from, to) || !has_its_algorithm || workspace_bytes > state.workspace_bytes)
        return invalid_value;
    state.products++;
    for (int64_t column = 0; column < to.columns; column++)
        for (int64_t row = 0; row < to.rows; row++) {
            double sum = 0;
            for (int64_t i = 0; i < right.rows; i++)
                sum += (double)(own.transposes_a == Transposed ? load(a, left, i, row) : load(a, left, row, i)) * load(b, right, i, column);
            sum *= *static_cast<const float *>(alpha);
            if (*static_cast<const float *>(beta) != 0)
                sum += *static_cast<const float *>(beta) * load(c, from, row, column);
            if (own.epilogue == EpilogueBias)
                sum += own.bias[row];
            const int64_t place = column * to.stride + row;
            if (to.type == TypeF32)
                static_cast<float *>(d)[place] = (float)sum;
            else
                static_cast<uint16_t *>(d)[place] = ctn::rounded_to_bf16((float)sum);
        }
    return Success;
}

inline void *open_library(const char *name, int)
{
    state.opened += std::string(name) + " ";
    state.last_opened = name;
    return name == state.library || name == state.too_new_library ? &state : nullptr;
}

inline void *find_function(void *, const char *name)
{
    static const std::map<std::string, void *> functions = {
        {"cublasLtCreate", (void *)create}, {"cublasLtDestroy", (void *)destroy},
        {"cublasLtMatmulDescCreate", (void *)create_operation}, {"cublasLtMatmulDescDestroy", (void *)destroy_operation},
        {"cublasLtMatmulDescSetAttribute", (void *)set_operation}, {"cublasLtMatrixLayoutCreate", (void *)create_layout},
        {"cublasLtMatrixLayoutDestroy", (void *)destroy_layout}, {"cublasLtMatmulPreferenceCreate", (void *)create_preference},
        {"cublasLtMatmulPreferenceDestroy", (void *)destroy_preference},
        {"cublasLtMatmulPreferenceSetAttribute", (void *)set_preference}, {"cublasLtMatmulAlgoGetHeuristic", (void *)choose},
        {"cublasLtMatmul", (void *)multiply}};
    const auto found = functions.find(name);
    return found == functions.end() || name == state.missing_function ? nullptr : found->second;
}

inline const char *last_error() { return state.missing_function.empty() ? nullptr : state.missing_function.c_str(); }

}  // namespace fake_cublaslt
