/* Running kernels on a CPU, one block after another.
 *
 * Built plainly, the threads of a block are fibers on one OS thread, and the order in which ready threads go on is chosen: a
 * result that hangs on a missing barrier then differs between orders. Built with CTN_EMULATION_THREADS, every CUDA thread is an
 * OS thread, for ThreadSanitizer to watch.
 *
 * Found and reported as CTN_DEVICE_ERROR: barriers that not all threads reach, threads that leave before a barrier, partial
 * warp masks, lanes of a warp at different operations, writes behind dynamic shared memory. With OS threads these end the process. */
#pragma once

#include "../src/launch_size.h"
#include "streams.h"

#include <functional>
#include <tuple>

namespace ctn::emulation {

enum class Order {
    Forward,         /* threads in turn, warps in lock step */
    Reverse,
    Random,
    GreedyFirstWarp, /* one warp alone as far as it gets, the first that can go on */
    GreedyLastWarp
};

/* For all launches from now on, on every OS thread. */
void set_order(Order order, unsigned seed = 1);

ctn_status run(const LaunchSize &size, const std::function<void()> &thread);

/* Runs work in the stream's order, or keeps it where the stream is being captured. When it runs is told in streams.h. */
ctn_status enqueue(Stream stream, std::function<ctn_status()> work);

}  // namespace ctn::emulation

namespace ctn {

/* Starts a kernel on a one-dimensional grid. Arguments convert to the kernel's parameters. */
template <class... Parameters, class... Arguments>
ctn_status launch(const LaunchSize &size, Stream stream, void (*kernel)(Parameters...), Arguments... arguments)
{
    CTN_TRY(check(size));
    if (size.blocks == 0)
        return CTN_OK;
    if (!emulation::load(reinterpret_cast<const void *>(kernel)))
        return fail(CTN_OUT_OF_MEMORY, "%s was not loaded: refused for a test", size.name);
    return emulation::enqueue(stream, [size, kernel, values = std::tuple<Parameters...>(arguments...)] {
        return emulation::run(size, [&] { std::apply(kernel, values); });
    });
}

}  // namespace ctn
