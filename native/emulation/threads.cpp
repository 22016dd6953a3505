/* Every CUDA thread as an OS thread with real barriers, so that ThreadSanitizer sees each access that no barrier orders. A fault of
 * the kernel's own barriers ends the process with a message. */
#if defined(CTN_EMULATION_THREADS)

#include "device.h"
#include "launch.h"
#include "shared_memory.h"

#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace ctn::emulation {

thread_local Place *here;

namespace {

class Barrier {
public:
    explicit Barrier(unsigned threads) { pthread_barrier_init(&barrier_, nullptr, threads); }
    ~Barrier() { pthread_barrier_destroy(&barrier_); }
    Barrier(const Barrier &) = delete;
    Barrier &operator=(const Barrier &) = delete;
    void wait() { pthread_barrier_wait(&barrier_); }

private:
    pthread_barrier_t barrier_;
};

struct Warp {
    Barrier barrier{32};
    uint32_t exchange[2][32];
};

struct Block {
    explicit Block(unsigned threads) : barrier(threads), warps(threads / 32) {}
    Barrier barrier;
    std::vector<Warp> warps;
};

thread_local Block *block_here;
thread_local bool parity;

}  // namespace

void set_order(Order, unsigned) {}

void synchronize_block()
{
    block_here->barrier.wait();
}

const uint32_t *exchange_in_warp(WarpOperation, uint32_t mask, uint32_t value)
{
    if (mask != 0xffffffffu) {
        std::fprintf(stderr, "emulation: a warp operation with the partial mask %08x\n", mask);
        std::abort();
    }
    Warp &warp = block_here->warps[here->thread.x / 32];
    uint32_t *const values = warp.exchange[parity];
    parity = !parity;
    values[here->thread.x % 32] = value;
    warp.barrier.wait();
    return values;
}

ctn_status run(const LaunchSize &size, const std::function<void()> &body)
{
    const auto count = (unsigned)size.threads;
    const SharedMemory shared(size.shared_bytes);
    Block block(count);
    Barrier between_blocks(count);
    bool is_whole = true;

    const auto run_thread = [&](unsigned number) {
        block_here = &block;
        for (unsigned i = 0; i < (unsigned)size.blocks; i++) {
            if (number == 0)
                shared.poison();
            between_blocks.wait();
            Place place = {{number}, {i}, {count}, {(unsigned)size.blocks}, shared.begin()};
            here = &place;
            body();
            between_blocks.wait();
            if (number == 0)
                is_whole = is_whole && shared.is_canary_whole();
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; i++)
        threads.emplace_back(run_thread, i);
    for (std::thread &thread : threads)
        thread.join();
    return is_whole ? CTN_OK
                    : fail(CTN_DEVICE_ERROR, "%s: a write behind its %zu bytes of dynamic shared memory", size.name, size.shared_bytes);
}

}  // namespace ctn::emulation

#endif
