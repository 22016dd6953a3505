#include "library.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace gpu_check {

namespace {

template <class Function>
void find(void *handle, const char *name, Function *function)
{
    *function = reinterpret_cast<Function>(dlsym(handle, name));
    if (*function == nullptr) {
        std::fprintf(stderr, "%s\n", dlerror());
        std::exit(3);
    }
}

}  // namespace

const Library *open_library(const char *variable)
{
    const char *const path = std::getenv(variable);
    if (path == nullptr || *path == 0)
        return nullptr;
    void *const handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        std::fprintf(stderr, "%s\n", dlerror());
        std::exit(3);
    }
    auto *const library = new Library;
    find(handle, "ctn_fused_recurrent", &library->fused_recurrent);
    find(handle, "ctn_tail", &library->tail);
    find(handle, "ctn_chunk", &library->chunk);
    find(handle, "ctn_chunk_workspace", &library->chunk_workspace);
    find(handle, "ctn_device_describe", &library->describe);
    find(handle, "ctn_last_message", &library->last_message);
    return library;
}

}  // namespace gpu_check
