/* runtime.h for the CPU build: the one device, and plain memory. Streams, events and graphs are in emulation/streams.cpp. */
#include "../emulation/launch.h"
#include "../emulation/streams.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

namespace ctn {

namespace {

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

/* Memory that can be had, page caches included; pages that are free, where the kernel does not say. */
int64_t available_bytes()
{
    int64_t kilobytes = -1;
    if (std::FILE *const file = std::fopen("/proc/meminfo", "r")) {
        char line[128];
        while (kilobytes < 0 && std::fgets(line, sizeof line, file) != nullptr) {
            long long value;
            if (std::sscanf(line, "MemAvailable: %lld kB", &value) == 1)
                kilobytes = value;
        }
        std::fclose(file);
    }
    return kilobytes >= 0 ? kilobytes * 1024 : (int64_t)sysconf(_SC_PAGESIZE) * sysconf(_SC_AVPHYS_PAGES);
}

/* Pinned memory: sizes by first byte. */
std::mutex pinned_lock;
std::map<const char *, size_t> pinned_sizes;

bool is_pinned(const void *memory)
{
    const std::lock_guard<std::mutex> lock(pinned_lock);
    const auto after = pinned_sizes.upper_bound(static_cast<const char *>(memory));
    return after != pinned_sizes.begin() && static_cast<const char *>(memory) < std::prev(after)->first + std::prev(after)->second;
}

/* What a late copy from pinned memory must find there when it runs; nothing where the copy is none. */
std::vector<char> bytes_to_find(const void *source, size_t bytes, Stream stream)
{
    const auto *const first = static_cast<const char *>(source);
    return emulation::is_late(stream) && is_pinned(source) ? std::vector<char>(first, first + bytes) : std::vector<char>();
}

ctn_status check_found(const std::vector<char> &expected, const void *source)
{
    if (expected.empty() || std::memcmp(expected.data(), source, expected.size()) == 0)
        return CTN_OK;
    return fail(CTN_DEVICE_ERROR, "emulation: pinned memory was written before the copy from it had run");
}

/* Until a late copy into pinned memory has run, nobody may look there. */
void spoil(void *destination, size_t bytes, Stream stream)
{
    if (emulation::is_late(stream) && is_pinned(destination))
        std::memset(destination, canary_byte, bytes);
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
    info->free_bytes = available_bytes();
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
    if (!emulation::take_one())
        return fail(CTN_OUT_OF_MEMORY, "no %zu bytes of memory for %s: refused for a test", bytes, what);
    auto *const start = static_cast<unsigned char *>(std::aligned_alloc(256, total));
    if (start == nullptr) {
        emulation::give_back_one();
        return fail(CTN_OUT_OF_MEMORY, "no %zu bytes of memory for %s", bytes, what);
    }
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
    emulation::give_back_one();
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
    CTN_TRY(allocate(memory, bytes, what));
    const std::lock_guard<std::mutex> lock(pinned_lock);
    pinned_sizes[static_cast<char *>(*memory)] = bytes;
    return CTN_OK;
}

void release_pinned(void *memory)
{
    {
        const std::lock_guard<std::mutex> lock(pinned_lock);
        pinned_sizes.erase(static_cast<char *>(memory));
    }
    release(memory);
}

ctn_status copy(void *destination, const void *source, size_t bytes, Stream stream)
{
    spoil(destination, bytes, stream);
    return emulation::enqueue(stream, [=, expected = bytes_to_find(source, bytes, stream)] {
        CTN_TRY(check_found(expected, source));
        if (bytes != 0)
            std::memcpy(destination, source, bytes);
        return ctn_status{CTN_OK};
    });
}

ctn_status copy_rows(void *destination, size_t stride, const void *source, size_t row_bytes, size_t rows, Stream stream)
{
    return emulation::enqueue(stream, [=, expected = bytes_to_find(source, row_bytes * rows, stream)] {
        CTN_TRY(check_found(expected, source));
        for (size_t row = 0; row < rows; row++)
            std::memcpy(static_cast<char *>(destination) + row * stride, static_cast<const char *>(source) + row * row_bytes, row_bytes);
        return ctn_status{CTN_OK};
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

}  // namespace ctn
