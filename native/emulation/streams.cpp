/* Streams, events and graphs of runtime.h for the CPU build. */
#include "streams.h"

#include "launch.h"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace ctn {

namespace {

using Work = std::function<ctn_status()>;

/* What is on a stream, by number: those below done have run. */
struct Queue {
    std::deque<Work> waiting;
    int64_t put = 0;
    int64_t done = 0;
    ctn_status status = CTN_OK;
};

struct EmulatedStream {
    bool is_capturing = false;
    bool is_late = false;
    std::vector<Work> kept;
    std::shared_ptr<Queue> queue = std::make_shared<Queue>();
};

/* A moment of a stream. */
struct EmulatedEvent {
    std::shared_ptr<Queue> queue;
    int64_t number = 0;
};

std::atomic<emulation::Pace> pace{emulation::Pace::Now};
std::atomic<int64_t> taken_ever{0};
std::atomic<int64_t> taken_now{0};
std::atomic<int64_t> taking_to_refuse{-1};
std::atomic<int64_t> work_to_fail{-1};

std::mutex kernels_lock;
std::set<const void *> loaded_kernels;

/* Late work runs on whatever thread waits, one piece at a time. */
std::recursive_mutex device;

bool is_refused()
{
    return taking_to_refuse >= 0 && taking_to_refuse-- == 0;
}

EmulatedStream *as_stream(Stream stream)
{
    return static_cast<EmulatedStream *>(stream);
}

ctn_status perform(const Work &work)
{
    int64_t left = work_to_fail;
    while (left > 0 && !work_to_fail.compare_exchange_weak(left, left - 1)) {
    }
    if (left == 0)
        return fail(CTN_DEVICE_ERROR, "emulation: a failure that was asked for");
    return work();
}

/* Runs a queue's work up to a number. Like a device, it stays failed. */
ctn_status run_up_to(Queue &queue, int64_t number)
{
    const std::lock_guard<std::recursive_mutex> lock(device);
    while (queue.done < number) {
        const Work work = std::move(queue.waiting.front());
        queue.waiting.pop_front();
        queue.done++;
        const ctn_status status = perform(work);
        if (queue.status == CTN_OK)
            queue.status = status;
    }
    return queue.status == CTN_OK ? CTN_OK : fail(queue.status, "emulation: earlier work of the stream has failed");
}

}  // namespace

void emulation::set_pace(Pace chosen)
{
    pace = chosen;
}

emulation::Taken emulation::taken()
{
    return {taken_ever, taken_now};
}

void emulation::refuse_taking(int64_t count)
{
    taking_to_refuse = count;
}

void emulation::fail_work(int64_t count)
{
    work_to_fail = count;
}

bool emulation::take_one()
{
    if (is_refused())
        return false;
    taken_ever++;
    taken_now++;
    return true;
}

bool emulation::load(const void *kernel)
{
    const std::lock_guard<std::mutex> lock(kernels_lock);
    if (loaded_kernels.count(kernel) != 0)
        return true;
    if (is_refused())
        return false;
    loaded_kernels.insert(kernel);
    taken_ever++;
    return true;
}

void emulation::forget_kernels()
{
    const std::lock_guard<std::mutex> lock(kernels_lock);
    loaded_kernels.clear();
}

void emulation::give_back_one()
{
    taken_now--;
}

bool emulation::is_late(Stream stream)
{
    const EmulatedStream *const emulated = as_stream(stream);
    return emulated != nullptr && emulated->is_late && !emulated->is_capturing;
}

ctn_status emulation::enqueue(Stream stream, std::function<ctn_status()> work)
{
    EmulatedStream *const emulated = as_stream(stream);
    if (emulated != nullptr && emulated->is_capturing) {
        emulated->kept.push_back(std::move(work));
        return CTN_OK;
    }
    if (emulated == nullptr || !emulated->is_late)
        return perform(work);
    const std::lock_guard<std::recursive_mutex> lock(device);
    emulated->queue->waiting.push_back(std::move(work));
    emulated->queue->put++;
    return CTN_OK;
}

ctn_status create_stream(Stream *stream)
{
    if (!emulation::take_one())
        return fail(CTN_OUT_OF_MEMORY, "emulation: no stream is left");
    auto *const created = new EmulatedStream;
    created->is_late = pace == emulation::Pace::Late;
    *stream = created;
    return CTN_OK;
}

void destroy_stream(Stream stream)
{
    emulation::give_back_one();
    delete as_stream(stream);
}

ctn_status synchronize(Stream stream)
{
    return stream == nullptr ? CTN_OK : run_up_to(*as_stream(stream)->queue, as_stream(stream)->queue->put);
}

ctn_status create_event(Event *event)
{
    if (!emulation::take_one())
        return fail(CTN_OUT_OF_MEMORY, "emulation: no event is left");
    *event = new EmulatedEvent;
    return CTN_OK;
}

void destroy_event(Event event)
{
    emulation::give_back_one();
    delete static_cast<EmulatedEvent *>(event);
}

ctn_status record(Event event, Stream stream)
{
    const std::lock_guard<std::recursive_mutex> lock(device);
    if (stream != nullptr)
        *static_cast<EmulatedEvent *>(event) = {as_stream(stream)->queue, as_stream(stream)->queue->put};
    return CTN_OK;
}

ctn_status wait(Stream stream, Event event)
{
    const EmulatedEvent moment = *static_cast<EmulatedEvent *>(event);
    if (moment.queue == nullptr)
        return CTN_OK;
    return emulation::enqueue(stream, [moment] { return run_up_to(*moment.queue, moment.number); });
}

ctn_status synchronize_event(Event event)
{
    std::unique_lock<std::recursive_mutex> lock(device);
    const EmulatedEvent moment = *static_cast<EmulatedEvent *>(event);
    return moment.queue == nullptr ? CTN_OK : run_up_to(*moment.queue, moment.number);
}

ctn_status begin_capture(Stream stream)
{
    EmulatedStream *const emulated = as_stream(stream);
    if (emulated == nullptr || emulated->is_capturing)
        return fail(CTN_DEVICE_ERROR, "the default stream, or one that is being captured, cannot be captured");
    emulated->is_capturing = true;
    return CTN_OK;
}

ctn_status end_capture(Stream stream, Graph *graph)
{
    EmulatedStream *const emulated = as_stream(stream);
    if (emulated == nullptr || !emulated->is_capturing)
        return fail(CTN_DEVICE_ERROR, "the stream is not being captured");
    emulated->is_capturing = false;
    std::vector<Work> kept = std::move(emulated->kept);
    emulated->kept.clear();
    if (!emulation::take_one())
        return fail(CTN_OUT_OF_MEMORY, "emulation: no graph is left");
    *graph = new std::vector<Work>(std::move(kept));
    return CTN_OK;
}

ctn_status launch_graph(Graph graph, Stream stream)
{
    const auto *const works = static_cast<std::vector<Work> *>(graph);
    return emulation::enqueue(stream, [works] {
        for (const Work &work : *works)
            CTN_TRY(perform(work));
        return ctn_status{CTN_OK};
    });
}

void destroy_graph(Graph graph)
{
    emulation::give_back_one();
    delete static_cast<std::vector<Work> *>(graph);
}

}  // namespace ctn
