/* The little of a device that the programs need: memory, copies, graphs. On the CUDA runtime in device_cuda.cpp; on plain memory, for
 * the CPU build, in device_emulated.cpp. What fails ends the program with a line on stderr. */
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

namespace gpu_check {

/* A place in device memory, 256-byte aligned. */
void *take(size_t bytes);
void give_back(void *memory);

void upload(void *device, const void *host, size_t bytes);
void download(void *host, const void *device, size_t bytes);

/* In the stream's order. */
void copy_on_device(void *to, const void *from, size_t bytes, void *stream);

void *create_stream();
void synchronize(void *stream);

/* What body puts on the stream, to be run again and again. */
class Graph {
public:
    Graph(void *stream, const std::function<void()> &body);
    ~Graph();
    Graph(const Graph &) = delete;
    Graph &operator=(const Graph &) = delete;

    void launch();

private:
    struct Kept;
    Kept *kept_;
};

class DeviceMemory {
public:
    explicit DeviceMemory(size_t bytes) : memory_(take(bytes)) {}
    DeviceMemory(DeviceMemory &&other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
    DeviceMemory(const DeviceMemory &) = delete;
    DeviceMemory &operator=(const DeviceMemory &) = delete;
    ~DeviceMemory() { give_back(memory_); }

    char *at(size_t offset = 0) const { return static_cast<char *>(memory_) + offset; }

private:
    void *memory_;
};

}  // namespace gpu_check
