/* When the work of an emulated stream runs, what is taken from the runtime, and what of it fails. For tests. */
#pragma once

#include <cstdint>

namespace ctn::emulation {

/* Now: as it is put there. Late: when somebody waits for it and not before, which shows where a wait is missing, or where memory
 * that the work still reads was written again. A late copy from pinned memory fails where the memory was written meanwhile, and one
 * into pinned memory spoils it at once. For streams created from now on, on every thread. */
enum class Pace { Now, Late };
void set_pace(Pace pace);

/* Allocations, streams, events and graphs: made so far, and not given back. A kernel's first launch is among those made, as a driver
 * loads it then into memory of the device; it is not given back. */
struct Taken {
    int64_t ever;
    int64_t now;
};
Taken taken();

/* Every kernel's next launch is its first again. */
void forget_kernels();

/* Of what is taken from now on, number count (from 0) is refused as out of memory; -1 for none. */
void refuse_taking(int64_t count);

/* All pieces of work from number count (from 0) on fail, as on a broken device; -1 for none. */
void fail_work(int64_t count);

/* For the runtime: whether what is put on the stream now runs later, and once. */
bool is_late(void *stream);

/* For a launch: takes what the kernel's code needs where this is its first, or is refused it. */
bool load(const void *kernel);

/* For the runtime: counts one thing taken, or refuses it; counts one given back. */
bool take_one();
void give_back_one();

}  // namespace ctn::emulation
