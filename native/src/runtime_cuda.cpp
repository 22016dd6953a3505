/* runtime.h on the CUDA runtime. */
#include "runtime.h"

#include <cuda_runtime_api.h>

#include <cstdio>

namespace ctn {

namespace {

ctn_status check(cudaError_t error, const char *what)
{
    if (error == cudaSuccess)
        return CTN_OK;
    cudaGetLastError();
    const bool is_memory = error == cudaErrorMemoryAllocation;
    return fail(is_memory ? CTN_OUT_OF_MEMORY : CTN_DEVICE_ERROR, "%s: %s", what, cudaGetErrorString(error));
}

/* Of what cannot be refused. An error that is left here would be taken for the next launch's. */
void forget(cudaError_t error)
{
    if (error != cudaSuccess)
        cudaGetLastError();
}

/* cudaMalloc and its like also answer what earlier work has done to the device, which is no lack of memory. */
ctn_status check_taken(cudaError_t error, size_t bytes, const char *kind, const char *what)
{
    if (error == cudaSuccess)
        return CTN_OK;
    cudaGetLastError();
    return fail(error == cudaErrorMemoryAllocation ? CTN_OUT_OF_MEMORY : CTN_DEVICE_ERROR, "no %zu bytes of %s memory for %s: %s", bytes,
        kind, what, cudaGetErrorString(error));
}

cudaStream_t as_cuda(Stream stream)
{
    return static_cast<cudaStream_t>(stream);
}

cudaEvent_t as_event(Event event)
{
    return static_cast<cudaEvent_t>(event);
}

}  // namespace

ctn_status device_count(int32_t *count)
{
    int found = 0;
    const cudaError_t error = cudaGetDeviceCount(&found);
    *count = found;
    if (error == cudaSuccess)
        return CTN_OK;
    cudaGetLastError();
    *count = 0;
    if (error == cudaErrorNoDevice)
        return CTN_OK;
    return fail(CTN_NO_DEVICE, "no CUDA driver: %s", cudaGetErrorString(error));
}

ctn_status describe_device(int32_t device, ctn_device_info *info)
{
    CTN_TRY(use_device(device));
    cudaDeviceProp properties;
    CTN_TRY(check(cudaGetDeviceProperties(&properties, device), "describing the device"));
    size_t free_bytes = 0;
    size_t total_bytes = 0;
    CTN_TRY(check(cudaMemGetInfo(&free_bytes, &total_bytes), "asking for the device's memory"));
    info->compute_major = properties.major;
    info->compute_minor = properties.minor;
    info->multiprocessors = properties.multiProcessorCount;
    info->total_bytes = (int64_t)total_bytes;
    info->free_bytes = (int64_t)free_bytes;
    info->is_emulation = 0;
    std::snprintf(info->name, sizeof info->name, "%s", properties.name);
    return CTN_OK;
}

ctn_status use_device(int32_t device)
{
    const cudaError_t error = cudaSetDevice(device);
    if (error == cudaErrorInvalidDevice || error == cudaErrorNoDevice || error == cudaErrorInsufficientDriver) {
        cudaGetLastError();
        return fail(CTN_NO_DEVICE, "device %d cannot be used: %s", device, cudaGetErrorString(error));
    }
    /* Anything else may be the fault of what ran before. */
    return check(error, "choosing the device");
}

int multiprocessor_count()
{
    static thread_local int known_device = -1;
    static thread_local int known_count = 1;
    int device = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess && device != known_device) {
        error = cudaDeviceGetAttribute(&known_count, cudaDevAttrMultiProcessorCount, device);
        known_device = error == cudaSuccess ? device : -1;
    }
    forget(error);
    return known_count;
}

ctn_status allocate(void **memory, size_t bytes, const char *what)
{
    *memory = nullptr;
    return check_taken(cudaMalloc(memory, bytes), bytes, "device", what);
}

void release(void *memory)
{
    forget(cudaFree(memory));
}

ctn_status allocate_pinned(void **memory, size_t bytes, const char *what)
{
    *memory = nullptr;
    return check_taken(cudaHostAlloc(memory, bytes, cudaHostAllocDefault), bytes, "pinned", what);
}

void release_pinned(void *memory)
{
    forget(cudaFreeHost(memory));
}

ctn_status copy(void *destination, const void *source, size_t bytes, Stream stream)
{
    return check(cudaMemcpyAsync(destination, source, bytes, cudaMemcpyDefault, as_cuda(stream)), "copying");
}

ctn_status copy_rows(void *destination, size_t stride, const void *source, size_t row_bytes, size_t rows, Stream stream)
{
    return check(cudaMemcpy2DAsync(destination, stride, source, row_bytes, row_bytes, rows, cudaMemcpyDefault, as_cuda(stream)),
        "copying rows");
}

ctn_status set_bytes(void *destination, int value, size_t bytes, Stream stream)
{
    return check(cudaMemsetAsync(destination, value, bytes, as_cuda(stream)), "setting memory");
}

ctn_status create_stream(Stream *stream)
{
    cudaStream_t created = nullptr;
    CTN_TRY(check(cudaStreamCreateWithFlags(&created, cudaStreamNonBlocking), "creating a stream"));
    *stream = created;
    return CTN_OK;
}

void destroy_stream(Stream stream)
{
    forget(cudaStreamDestroy(as_cuda(stream)));
}

ctn_status synchronize(Stream stream)
{
    return check(cudaStreamSynchronize(as_cuda(stream)), "waiting for the device");
}

ctn_status create_event(Event *event)
{
    cudaEvent_t created = nullptr;
    CTN_TRY(check(cudaEventCreateWithFlags(&created, cudaEventDisableTiming), "creating an event"));
    *event = created;
    return CTN_OK;
}

void destroy_event(Event event)
{
    forget(cudaEventDestroy(as_event(event)));
}

ctn_status record(Event event, Stream stream)
{
    return check(cudaEventRecord(as_event(event), as_cuda(stream)), "recording an event");
}

ctn_status wait(Stream stream, Event event)
{
    return check(cudaStreamWaitEvent(as_cuda(stream), as_event(event), 0), "waiting for an event on a stream");
}

ctn_status synchronize_event(Event event)
{
    return check(cudaEventSynchronize(as_event(event)), "waiting for the device");
}

ctn_status begin_capture(Stream stream)
{
    return check(cudaStreamBeginCapture(as_cuda(stream), cudaStreamCaptureModeThreadLocal), "beginning a capture");
}

ctn_status end_capture(Stream stream, Graph *graph)
{
    cudaGraph_t captured = nullptr;
    CTN_TRY(check(cudaStreamEndCapture(as_cuda(stream), &captured), "ending a capture"));
    cudaGraphExec_t executable = nullptr;
    /* Not cudaGraphInstantiate, whose arguments changed between CUDA 11 and 12. */
    const cudaError_t error = cudaGraphInstantiateWithFlags(&executable, captured, 0);
    cudaGraphDestroy(captured);
    CTN_TRY(check(error, "making a graph"));
    *graph = executable;
    /* Otherwise the first launch would do it, and might take memory. */
    return check(cudaGraphUpload(executable, as_cuda(stream)), "bringing a graph to the device");
}

ctn_status launch_graph(Graph graph, Stream stream)
{
    return check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), as_cuda(stream)), "starting a graph");
}

void destroy_graph(Graph graph)
{
    forget(cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)));
}

}  // namespace ctn
