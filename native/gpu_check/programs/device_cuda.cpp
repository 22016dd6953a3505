#include "device.h"

#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>

namespace gpu_check {

namespace {

void require(cudaError_t error, const char *what)
{
    if (error == cudaSuccess)
        return;
    std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(error));
    std::exit(3);
}

}  // namespace

struct Graph::Kept {
    cudaGraphExec_t executable;
    cudaStream_t stream;
};

void *take(size_t bytes)
{
    void *memory = nullptr;
    require(cudaMalloc(&memory, bytes == 0 ? 1 : bytes), "taking device memory");
    return memory;
}

void give_back(void *memory)
{
    require(cudaFree(memory), "giving device memory back");
}

void upload(void *device, const void *host, size_t bytes)
{
    require(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice), "copying to the device");
}

void download(void *host, const void *device, size_t bytes)
{
    require(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost), "copying from the device");
}

void copy_on_device(void *to, const void *from, size_t bytes, void *stream)
{
    require(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, static_cast<cudaStream_t>(stream)), "copying on the device");
}

void *create_stream()
{
    cudaStream_t stream = nullptr;
    require(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
    return stream;
}

void synchronize(void *stream)
{
    require(cudaStreamSynchronize(static_cast<cudaStream_t>(stream)), "waiting for the device");
}

Graph::Graph(void *stream, const std::function<void()> &body) : kept_(new Kept{nullptr, static_cast<cudaStream_t>(stream)})
{
    require(cudaStreamBeginCapture(kept_->stream, cudaStreamCaptureModeThreadLocal), "beginning a capture");
    body();
    cudaGraph_t captured = nullptr;
    require(cudaStreamEndCapture(kept_->stream, &captured), "ending a capture");
    /* Not cudaGraphInstantiate, whose arguments changed between CUDA 11 and 12. */
    require(cudaGraphInstantiateWithFlags(&kept_->executable, captured, 0), "making a graph");
    require(cudaGraphDestroy(captured), "destroying a capture");
}

Graph::~Graph()
{
    cudaGraphExecDestroy(kept_->executable);
    delete kept_;
}

void Graph::launch()
{
    require(cudaGraphLaunch(kept_->executable, kept_->stream), "starting a graph");
}

}  // namespace gpu_check
