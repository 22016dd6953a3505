/* gemm.h on cuBLASLt, which is opened by name: the newest library of CUDA 11 to 13 that is there and gets on with the driver. */
#include "gemm.h"

#include "cublaslt_api.h"

#include <dlfcn.h>

#include <string>

namespace ctn {

namespace {

using namespace cublaslt;

constexpr const char *library_names[] = {"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"};
constexpr size_t most_workspace_bytes = 32 << 20;

int type_of(ctn_dtype type)
{
    return type == CTN_BF16 ? TypeBf16 : TypeF32;
}

/* Any other than these is the device's fault, or this library's: what comes from outside was checked before. */
ctn_status check(int status, const char *what)
{
    if (status == Success)
        return CTN_OK;
    return fail(status == AllocationFailed ? CTN_OUT_OF_MEMORY : CTN_DEVICE_ERROR, "cuBLASLt: %s failed with status %d", what, status);
}

template <class Function>
bool find(void *library, const char *name, Function *function)
{
    *function = reinterpret_cast<Function>(dlsym(library, name));
    return *function != nullptr;
}

bool find_all(void *library, Functions *f)
{
    return find(library, "cublasLtCreate", &f->create) && find(library, "cublasLtDestroy", &f->destroy) &&
        find(library, "cublasLtMatmulDescCreate", &f->create_operation) &&
        find(library, "cublasLtMatmulDescDestroy", &f->destroy_operation) &&
        find(library, "cublasLtMatmulDescSetAttribute", &f->set_operation) &&
        find(library, "cublasLtMatrixLayoutCreate", &f->create_layout) &&
        find(library, "cublasLtMatrixLayoutDestroy", &f->destroy_layout) &&
        find(library, "cublasLtMatmulPreferenceCreate", &f->create_preference) &&
        find(library, "cublasLtMatmulPreferenceDestroy", &f->destroy_preference) &&
        find(library, "cublasLtMatmulPreferenceSetAttribute", &f->set_preference) &&
        find(library, "cublasLtMatmulAlgoGetHeuristic", &f->choose) && find(library, "cublasLtMatmul", &f->multiply);
}

}  // namespace

struct Gemm::Library {
    /* One product at one number of tokens. In cuBLASLt's columns: D [outputs, tokens] = W^T [outputs, inputs] x [inputs, tokens]. */
    struct Planned {
        Layout x = nullptr, y = nullptr;
        Algorithm algorithm = {};
    };

    struct Added {
        Product product = {};
        Operation operation = nullptr;
        Layout weights = nullptr;
        std::vector<Planned> planned;
    };

    ~Library();
    ctn_status load();
    std::string try_load(const char *name);
    ctn_status prepare(Added &added);
    ctn_status plan(Added &added, int tokens);

    Functions functions = {};
    Handle handle = nullptr;
    Preference preference = nullptr;
    std::vector<Added> products;
};

Gemm::Library::~Library()
{
    for (const Added &added : products) {
        for (const Planned &planned : added.planned) {
            if (planned.x != nullptr)
                functions.destroy_layout(planned.x);
            if (planned.y != nullptr)
                functions.destroy_layout(planned.y);
        }
        if (added.weights != nullptr)
            functions.destroy_layout(added.weights);
        if (added.operation != nullptr)
            functions.destroy_operation(added.operation);
    }
    if (preference != nullptr)
        functions.destroy_preference(preference);
    if (handle != nullptr)
        functions.destroy(handle);
    /* The library stays loaded: it does not outlive its own unloading well. */
}

ctn_status Gemm::Library::load()
{
    std::string faults;
    for (const char *name : library_names) {
        const std::string fault = try_load(name);
        if (fault.empty())
            break;
        faults += (faults.empty() ? "" : ", ") + (name + fault);
    }
    if (handle == nullptr)
        return fail(CTN_NO_DEVICE, "no cuBLASLt library can be used: %s", faults.c_str());
    CTN_TRY(check(functions.create_preference(&preference), "creating a preference"));
    const auto bytes = (uint64_t)most_workspace_bytes;
    return check(functions.set_preference(preference, PreferenceWorkspaceBytes, &bytes, sizeof bytes), "limiting the workspace");
}

/* Empty if the library has made a handle; else why not. One that is newer than the driver loads and makes none. */
std::string Gemm::Library::try_load(const char *name)
{
    void *const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        return " is not there";
    if (!find_all(library, &functions))
        return std::string(" lacks a function: ") + dlerror();
    const int status = functions.create(&handle);
    if (status == Success)
        return "";
    handle = nullptr;
    return " makes no handle (status " + std::to_string(status) + ")";
}

ctn_status Gemm::Library::prepare(Added &added)
{
    const Product &product = added.product;
    const int32_t transposed = Transposed;
    const int type = type_of(product.input);
    CTN_TRY(check(functions.create_operation(&added.operation, ComputeF32, TypeF32), "describing a product"));
    CTN_TRY(check(functions.set_operation(added.operation, OperationTransposeA, &transposed, sizeof transposed), "transposing"));
    CTN_TRY(check(functions.create_layout(&added.weights, type, (uint64_t)product.inputs, (uint64_t)product.outputs, product.inputs),
        "describing weights"));
    if (!product.has_bias)
        return CTN_OK;
    const uint32_t epilogue = EpilogueBias;
    /* Of the type of the results, as is the default. Algorithms are chosen for a bias as well aligned as all memory here; run names it. */
    const void *const anywhere = reinterpret_cast<const void *>(uintptr_t{256});
    CTN_TRY(check(functions.set_operation(added.operation, OperationEpilogue, &epilogue, sizeof epilogue), "asking for a bias"));
    return check(functions.set_operation(added.operation, OperationBiasPointer, &anywhere, sizeof anywhere), "placing the bias");
}

ctn_status Gemm::Library::plan(Added &added, int tokens)
{
    const Product &product = added.product;
    added.planned.emplace_back();
    Planned &planned = added.planned.back();
    CTN_TRY(check(functions.create_layout(&planned.x, type_of(product.input), (uint64_t)product.inputs, (uint64_t)tokens, product.inputs),
        "describing rows"));
    CTN_TRY(check(functions.create_layout(&planned.y, type_of(product.output), (uint64_t)product.outputs, (uint64_t)tokens,
        product.outputs), "describing results"));
    Choice choice = {};
    int found = 0;
    const int status = functions.choose(
        handle, added.operation, added.weights, planned.x, planned.y, planned.y, preference, 1, &choice, &found);
    if (status != Success || found == 0 || choice.status != Success)
        return fail(CTN_UNSUPPORTED, "cuBLASLt has no algorithm for %d tokens times [%d, %d] of type %d: status %d", tokens,
            product.outputs, product.inputs, product.input, status != Success ? status : choice.status);
    planned.algorithm = choice.algorithm;
    return CTN_OK;
}

Gemm::Gemm() = default;
Gemm::~Gemm() = default;

ctn_status Gemm::open()
{
    library_ = std::make_unique<Library>();
    return library_->load();
}

int64_t Gemm::workspace_bytes()
{
    return (int64_t)most_workspace_bytes;
}

ctn_status Gemm::add(const Product &product, const std::vector<int> &token_counts)
{
    Library &library = *library_;
    library.products.emplace_back();
    Library::Added &added = library.products.back();
    added.product = product;
    CTN_TRY(library.prepare(added));
    added.planned.reserve(token_counts.size());
    for (const int tokens : token_counts)
        CTN_TRY(library.plan(added, tokens));
    return CTN_OK;
}

ctn_status Gemm::run(int number, int bucket, const void *weights, const void *x, void *y, const float *bias, void *workspace, Stream stream)
{
    Library &library = *library_;
    const Library::Added &added = library.products[(size_t)number];
    const Library::Planned &planned = added.planned[(size_t)bucket];
    const float alpha = 1;
    const float beta = added.product.adds ? 1 : 0;
    if (added.product.has_bias)
        CTN_TRY(check(library.functions.set_operation(added.operation, OperationBiasPointer, &bias, sizeof bias), "setting the bias"));
    return check(library.functions.multiply(library.handle, added.operation, &alpha, weights, added.weights, x, planned.x, &beta, y,
                     planned.y, y, planned.y, &planned.algorithm, workspace, most_workspace_bytes, stream),
        "a product");
}

}  // namespace ctn
