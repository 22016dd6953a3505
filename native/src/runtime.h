/* Memory, streams, events and graphs of a device, for host code: the CUDA runtime in runtime_cuda.cpp, plain memory in
 * runtime_emulated.cpp. All functions act on the calling thread's current device. A null stream is the default stream. */
#pragma once

#include "status.h"

#include <cstddef>
#include <cstdint>

namespace ctn {

using Stream = void *;
using Event = void *;
using Graph = void *;

ctn_status device_count(int32_t *count);
ctn_status describe_device(int32_t device, ctn_device_info *info);

/* Makes the device current on this thread. */
ctn_status use_device(int32_t device);

/* Of the current device; asked once. */
int multiprocessor_count();

/* Device memory, 256-byte aligned; what names it in the message. In the CPU build it starts as NaN and is checked for writes
 * past its ends when it is released. */
ctn_status allocate(void **memory, size_t bytes, const char *what);
void release(void *memory);

/* Page-locked host memory. */
ctn_status allocate_pinned(void **memory, size_t bytes, const char *what);
void release_pinned(void *memory);

/* Copies between any two of device, pinned and host memory, in the stream's order. */
ctn_status copy(void *destination, const void *source, size_t bytes, Stream stream);

/* Rows of so many bytes each: the source's follow each other, the destination's begin stride bytes apart. */
ctn_status copy_rows(void *destination, size_t stride, const void *source, size_t row_bytes, size_t rows, Stream stream);
ctn_status set_bytes(void *destination, int value, size_t bytes, Stream stream);

ctn_status create_stream(Stream *stream);
void destroy_stream(Stream stream);
ctn_status synchronize(Stream stream);

ctn_status create_event(Event *event);
void destroy_event(Event event);
ctn_status record(Event event, Stream stream);
ctn_status wait(Stream stream, Event event);
ctn_status synchronize_event(Event event);

/* What is put on the stream between begin and end is kept, not run; launch_graph runs it with the arguments of then. */
ctn_status begin_capture(Stream stream);
ctn_status end_capture(Stream stream, Graph *graph);
ctn_status launch_graph(Graph graph, Stream stream);
void destroy_graph(Graph graph);

}  // namespace ctn
