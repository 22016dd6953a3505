/* cottention.h's kernels for the tests in native/tests, which keep their cases in host memory: a launch's arrays go to the device,
 * the library's kernel runs there, and what it may have written comes back, so that the same tests run on a GPU unchanged.
 *
 * GPU_CHECK_LIBRARY names the library. Where GPU_CHECK_CPU_LIBRARY names the CPU build, every launch also runs there, and how far
 * the two are apart is printed at the end. */
#include "emulation_distance.h"
#include "library.h"
#include "staged_launch.h"

#include "../../src/status.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using gpu_check::DeviceMemory;
using gpu_check::EmulationDistance;
using gpu_check::Library;
using gpu_check::StagedLaunch;

const Library &library()
{
    static const Library *const opened = gpu_check::open_library("GPU_CHECK_LIBRARY");
    if (opened == nullptr) {
        std::fprintf(stderr, "GPU_CHECK_LIBRARY names no library\n");
        std::exit(3);
    }
    return *opened;
}

const Library *cpu_build()
{
    static const Library *const opened = gpu_check::open_library("GPU_CHECK_CPU_LIBRARY");
    return opened;
}

/* run(library, launch) for the device's library, and for the CPU build to compare with. */
template <class Run>
ctn_status run_staged(const char *kernel, const ctn_recurrent *launch, Run run)
{
    static EmulationDistance distance;
    if (launch == nullptr || !gpu_check::is_plausible(*launch))
        return run(library(), launch);

    const StagedLaunch staged(*launch);
    const ctn_status status = run(library(), &staged.launch());
    if (status != CTN_OK)
        return status;
    gpu_check::synchronize(nullptr);
    if (cpu_build() != nullptr)
        distance.before(*launch);
    staged.bring_back();
    if (cpu_build() != nullptr)
        distance.after(kernel, *launch, [&](const ctn_recurrent &emulated) { return run(*cpu_build(), &emulated); });
    return CTN_OK;
}

}  // namespace

extern "C" ctn_status ctn_fused_recurrent(const ctn_recurrent *launch, void *stream)
{
    return run_staged("fused_recurrent", launch,
        [&](const Library &in, const ctn_recurrent *with) { return in.fused_recurrent(with, stream); });
}

extern "C" ctn_status ctn_tail(const ctn_recurrent *launch, void *stream)
{
    return run_staged("tail", launch, [&](const Library &in, const ctn_recurrent *with) { return in.tail(with, stream); });
}

extern "C" int64_t ctn_chunk_workspace(const ctn_recurrent *launch, int32_t tokens)
{
    return library().chunk_workspace(launch, tokens);
}

/* The caller's workspace only says whether there is one. */
extern "C" ctn_status ctn_chunk(const ctn_recurrent *launch, int32_t tokens, void *workspace, void *stream)
{
    return run_staged("chunk", launch, [&](const Library &in, const ctn_recurrent *with) {
        const int64_t bytes = in.chunk_workspace(with, tokens);
        if (bytes <= 0 || workspace == nullptr)
            return in.chunk(with, tokens, workspace, stream);
        const DeviceMemory own((size_t)bytes);
        const ctn_status status = in.chunk(with, tokens, own.at(), stream);
        gpu_check::synchronize(stream);
        return status;
    });
}

extern "C" const char *ctn_last_message()
{
    return library().last_message();
}

extern "C" ctn_status ctn_device_describe(int32_t device, ctn_device_info *info)
{
    return library().describe(device, info);
}

/* runtime.h's memory, for cases that stay in host memory: NaN at first, with room on both sides for arguments that are wrong. */
namespace ctn {

constexpr size_t margin = 4096;

ctn_status allocate(void **memory, size_t bytes, const char *)
{
    auto *const start = static_cast<char *>(std::aligned_alloc(256, (bytes + 2 * margin + 255) / 256 * 256));
    if (start == nullptr)
        return CTN_OUT_OF_MEMORY;
    std::memset(start, 0xff, bytes + 2 * margin);
    *memory = start + margin;
    return CTN_OK;
}

void release(void *memory)
{
    if (memory != nullptr)
        std::free(static_cast<char *>(memory) - margin);
}

}  // namespace ctn
