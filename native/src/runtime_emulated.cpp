/* runtime.h for the CPU build: plain memory, and streams that run everything at once. */
#include "../emulation/launch.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace ctn {

namespace {

using Work = std::function<ctn_status()>;

struct EmulatedStream {
    bool is_capturing = false;
    std::vector<Work> kept;
};

/* Before an allocation: its size and a canary; behind it another. */
constexpr size_t margin = 256;
constexpr unsigned char canary_byte = 0xc7;

bool is_whole(const unsigned char *canary, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (canary[i] != canary_byte)
            return false;
    return true;
}

ctn_status check_device(int32_t device)
{
    return device == 0 ? CTN_OK : fail(CTN_NO_DEVICE, "device %d does not exist: the CPU build has device 0 alone", device);
}

}  // namespace

ctn_status device_count(int32_t *count)
{
    *count = 1;
    return CTN_OK;
}

ctn_status describe_device(int32_t device, ctn_device_info *info)
{
    CTN_TRY(check_device(device));
    const int64_t page = sysconf(_SC_PAGESIZE);
    info->compute_major = info->compute_minor = 0;
    info->multiprocessors = multiprocessor_count();
    info->total_bytes = page * sysconf(_SC_PHYS_PAGES);
    info->free_bytes = page * sysconf(_SC_AVPHYS_PAGES);
    info->is_emulation = 1;
    std::snprintf(info->name, sizeof info->name, "CPU emulation");
    return CTN_OK;
}

ctn_status use_device(int32_t device)
{
    return check_device(device);
}

/* Few, so that tests reach the tiles for much work. */
int multiprocessor_count()
{
    return 2;
}

ctn_status allocate(void **memory, size_t bytes, const char *what)
{
    *memory = nullptr;
    if (bytes > SIZE_MAX / 2)
        return fail(CTN_OUT_OF_MEMORY, "%zu bytes for %s are more than any memory", bytes, what);
    const size_t total = (margin + bytes + margin + 255) / 256 * 256;
    auto *const start = static_cast<unsigned char *>(std::aligned_alloc(256, total));
    if (start == nullptr)
        return fail(CTN_OUT_OF_MEMORY, "no %zu bytes of memory for %s", bytes, what);
    std::memset(start, canary_byte, margin);
    std::memcpy(start, &bytes, sizeof bytes);
    std::memset(start + margin, 0xff, bytes);
    std::memset(start + margin + bytes, canary_byte, margin);
    *memory = start + margin;
    return CTN_OK;
}

void release(void *memory)
{
    if (memory == nullptr)
        return;
    auto *const start = static_cast<unsigned char *>(memory) - margin;
    size_t bytes;
    std::memcpy(&bytes, start, sizeof bytes);
    if (!is_whole(start + sizeof bytes, margin - sizeof bytes) || !is_whole(start + margin + bytes, margin)) {
        std::fprintf(stderr, "emulation: a write past the ends of device memory of %zu bytes\n", bytes);
        std::abort();
    }
    std::free(start);
}

ctn_status allocate_pinned(void **memory, size_t bytes, const char *what)
{
    return allocate(memory, bytes, what);
}

void release_pinned(void *memory)
{
    release(memory);
}

ctn_status copy(void *destination, const void *source, size_t bytes, Stream stream)
{
    return emulation::enqueue(stream, [=] {
        if (bytes != 0)
            std::memcpy(destination, source, bytes);
        return CTN_OK;
    });
}

ctn_status copy_rows(void *destination, size_t stride, const void *source, size_t row_bytes, size_t rows, Stream stream)
{
    return emulation::enqueue(stream, [=] {
        for (size_t row = 0; row < rows; row++)
            std::memcpy(static_cast<char *>(destination) + row * stride, static_cast<const char *>(source) + row * row_bytes, row_bytes);
        return CTN_OK;
    });
}

ctn_status set_bytes(void *destination, int value, size_t bytes, Stream stream)
{
    return emulation::enqueue(stream, [=] {
        if (bytes != 0)
            std::memset(destination, value, bytes);
        return CTN_OK;
    });
}

ctn_status create_stream(Stream *stream)
{
    *stream = new EmulatedStream;
    return CTN_OK;
}

void destroy_stream(Stream stream)
{
    delete static_cast<EmulatedStream *>(stream);
}

ctn_status synchronize(Stream)
{
    return CTN_OK;
}

/* Everything before an event has run by the time that it is recorded. */
ctn_status create_event(Event *event)
{
    *event = new char;
    return CTN_OK;
}

void destroy_event(Event event)
{
    delete static_cast<char *>(event);
}

ctn_status record(Event, Stream)
{
    return CTN_OK;
}

ctn_status wait(Stream, Event)
{
    return CTN_OK;
}

ctn_status synchronize_event(Event)
{
    return CTN_OK;
}

ctn_status begin_capture(Stream stream)
{
    auto *const emulated = static_cast<EmulatedStream *>(stream);
    if (emulated == nullptr || emulated->is_capturing)
        return fail(CTN_DEVICE_ERROR, "the default stream, or one that is being captured, cannot be captured");
    emulated->is_capturing = true;
    return CTN_OK;
}

ctn_status end_capture(Stream stream, Graph *graph)
{
    auto *const emulated = static_cast<EmulatedStream *>(stream);
    if (emulated == nullptr || !emulated->is_capturing)
        return fail(CTN_DEVICE_ERROR, "the stream is not being captured");
    emulated->is_capturing = false;
    *graph = new std::vector<Work>(std::move(emulated->kept));
    emulated->kept.clear();
    return CTN_OK;
}

ctn_status launch_graph(Graph graph, Stream)
{
    for (const Work &work : *static_cast<std::vector<Work> *>(graph))
        CTN_TRY(work());
    return CTN_OK;
}

void destroy_graph(Graph graph)
{
    delete static_cast<std::vector<Work> *>(graph);
}

ctn_status emulation::enqueue(Stream stream, std::function<ctn_status()> work)
{
    auto *const emulated = static_cast<EmulatedStream *>(stream);
    if (emulated == nullptr || !emulated->is_capturing)
        return work();
    emulated->kept.push_back(std::move(work));
    return CTN_OK;
}

}  // namespace ctn
