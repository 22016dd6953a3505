/* The threads of a block as fibers on one OS thread. A fiber is taken only when a thread has to wait: threads that reach no barrier
 * run one after another on the same fiber, without a switch. */
#if !defined(CTN_EMULATION_THREADS)

#include "device.h"
#include "fiber.h"
#include "order.h"
#include "run_set.h"
#include "shared_memory.h"

#include <atomic>
#include <functional>
#include <memory>
#include <cstdio>
#include <numeric>

namespace ctn::emulation {

thread_local Place *here;

namespace {

std::atomic<Order> chosen_order{Order::Forward};
std::atomic<unsigned> chosen_seed{1};

struct Thread {
    Place place;
    Fiber *fiber;  /* null until it has had to wait */
    bool parity;   /* which half of the exchange its next warp operation uses */
};

struct Warp {
    unsigned waiting;
    WarpOperation operation;
    uint32_t exchange[2][32];
};

/* Runs blocks on one OS thread. */
class Machine {
public:
    ctn_status run(const LaunchSize &size, const std::function<void()> &body);
    void run_fiber();
    void wait_at_barrier();
    const uint32_t *wait_in_warp(WarpOperation operation, uint32_t mask, uint32_t value);

private:
    void begin_block(unsigned block, unsigned blocks, void *shared);
    int next();
    void start(int thread);
    void suspend();
    void enter(int thread, Context &from);
    [[noreturn]] void give_up();
    void describe_deadlock();
    Fiber *take_fiber();

    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<Fiber *> free_;
    std::vector<Thread> threads_;
    std::vector<Warp> warps_;
    RunSet ready_;
    Context main_;
    const std::function<void()> *body_ = nullptr;
    Fiber *running_ = nullptr;
    Order order_ = Order::Forward;
    RandomBits random_{1};
    unsigned current_ = 0;
    unsigned done_ = 0;
    unsigned at_barrier_ = 0;
    const char *name_ = "";
    bool failed_ = false;
    char failure_[256];
};

Machine &machine()
{
    static thread_local Machine instance;
    return instance;
}

void fiber_entry()
{
    machine().run_fiber();
}

Fiber *Machine::take_fiber()
{
    if (free_.empty()) {
        fibers_.push_back(std::make_unique<Fiber>(fiber_entry));
        return fibers_.back().get();
    }
    Fiber *const fiber = free_.back();
    free_.pop_back();
    return fiber;
}

void Machine::begin_block(unsigned block, unsigned blocks, void *shared)
{
    const auto count = (unsigned)threads_.size();
    for (unsigned i = 0; i < count; i++)
        threads_[i] = {{{i}, {block}, {count}, {blocks}, shared}, nullptr, false};
    for (Warp &warp : warps_)
        warp.waiting = 0;
    ready_.fill(count);
    done_ = 0;
    at_barrier_ = 0;
    current_ = order_ == Order::Reverse ? 0 : count - 1;
}

/* The thread that goes on after the current one, or -1. */
int Machine::next()
{
    const auto count = (unsigned)threads_.size();
    int thread = -1;
    switch (order_) {
    case Order::Forward:
        thread = ready_.at_or_after(current_ + 1);
        break;
    case Order::Reverse:
        thread = current_ == 0 ? -1 : ready_.at_or_before(current_ - 1);
        break;
    case Order::Random:
        thread = ready_.at_or_after(random_.draw() % count);
        break;
    case Order::GreedyFirstWarp:
    case Order::GreedyLastWarp:
        break;
    }
    if (thread >= 0)
        return thread;
    const bool from_above = order_ == Order::Reverse || order_ == Order::GreedyLastWarp;
    return from_above ? ready_.at_or_before(count - 1) : ready_.at_or_after(0);
}

void Machine::start(int thread)
{
    current_ = (unsigned)thread;
    here = &threads_[current_].place;
}

/* Goes over to a thread: to its fiber, or to a free one where it has not begun. */
void Machine::enter(int thread, Context &from)
{
    start(thread);
    running_ = threads_[current_].fiber != nullptr ? threads_[current_].fiber : take_fiber();
    Context::change(from, running_->context);
}

/* What a fiber does: whole threads, until one that has begun elsewhere is next. */
void Machine::run_fiber()
{
    for (;;) {
        Fiber *const own = running_;
        (*body_)();
        /* A thread that had to wait has come to its end on the fiber where it began. */
        ready_.remove(current_);
        done_++;
        const int thread = next();
        if (thread >= 0 && threads_[thread].fiber == nullptr) {
            start(thread);
            continue;
        }
        if (thread < 0 && done_ != threads_.size()) {
            describe_deadlock();
            give_up();
        }
        free_.push_back(own);
        if (thread < 0)
            Context::change(own->context, main_);
        else
            enter(thread, own->context);
    }
}

void Machine::suspend()
{
    const unsigned self = current_;
    Fiber *const own = threads_[self].fiber = running_;
    const int thread = next();
    if (thread < 0) {
        describe_deadlock();
        give_up();
    }
    if ((unsigned)thread != self)
        enter(thread, own->context);
}

void Machine::wait_at_barrier()
{
    ready_.remove(current_);
    if (++at_barrier_ == threads_.size()) {
        at_barrier_ = 0;
        ready_.fill((unsigned)threads_.size());
    }
    suspend();
}

const uint32_t *Machine::wait_in_warp(WarpOperation operation, uint32_t mask, uint32_t value)
{
    Thread &thread = threads_[current_];
    const unsigned number = current_ / 32;
    Warp &warp = warps_[number];
    if (mask != 0xffffffffu) {
        std::snprintf(failure_, sizeof failure_, "a warp operation with the partial mask %08x", mask);
        give_up();
    }
    if (warp.waiting != 0 && warp.operation != operation) {
        std::snprintf(failure_, sizeof failure_, "lanes of warp %u stand at different warp operations", number);
        give_up();
    }
    warp.operation = operation;
    uint32_t *const values = warp.exchange[thread.parity];
    thread.parity = !thread.parity;
    values[current_ % 32] = value;
    ready_.remove(current_);
    if (++warp.waiting == 32) {
        warp.waiting = 0;
        for (unsigned i = 0; i < 32; i++)
            ready_.add(number * 32 + i);
    }
    suspend();
    return values;
}

void Machine::describe_deadlock()
{
    const auto in_warps = std::accumulate(
        warps_.begin(), warps_.end(), 0u, [](unsigned sum, const Warp &warp) { return sum + warp.waiting; });
    std::snprintf(failure_, sizeof failure_, "%u of %zu threads wait at a barrier, %u at a warp operation, and %u have left", at_barrier_,
        threads_.size(), in_warps, done_);
}

/* Abandons the launch. The fibers are made anew, whatever they were at. */
void Machine::give_up()
{
    failed_ = true;
    Context gone;
    Context::change(gone, main_);
    std::abort();
}

ctn_status Machine::run(const LaunchSize &size, const std::function<void()> &body)
{
    const auto blocks = (unsigned)size.blocks;
    const SharedMemory shared(size.shared_bytes);
    threads_.resize((size_t)size.threads);
    warps_.resize((size_t)size.threads / 32);
    body_ = &body;
    order_ = chosen_order;
    random_ = RandomBits(chosen_seed);
    failed_ = false;

    for (const unsigned block : sequence_of(blocks, order_, random_)) {
        shared.poison();
        begin_block(block, blocks, shared.begin());
        enter(next(), main_);
        here = nullptr;
        if (!failed_ && !shared.is_canary_whole()) {
            std::snprintf(failure_, sizeof failure_, "a write behind its %zu bytes of dynamic shared memory", size.shared_bytes);
            failed_ = true;
        }
        if (failed_) {
            free_.clear();
            for (const auto &fiber : fibers_) {
                fiber->reset();
                free_.push_back(fiber.get());
            }
            return fail(CTN_DEVICE_ERROR, "%s, block %u: %s", size.name, block, failure_);
        }
    }
    return CTN_OK;
}

}  // namespace

void set_order(Order order, unsigned seed)
{
    chosen_order = order;
    chosen_seed = seed;
}

void synchronize_block()
{
    machine().wait_at_barrier();
}

const uint32_t *exchange_in_warp(WarpOperation operation, uint32_t mask, uint32_t value)
{
    return machine().wait_in_warp(operation, mask, value);
}

ctn_status run(const LaunchSize &size, const std::function<void()> &thread)
{
    return machine().run(size, thread);
}

}  // namespace ctn::emulation

#endif
