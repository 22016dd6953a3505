#include "emulation_distance.h"

#include "staged_launch.h"

#include "../../tests/recurrent_case.h"

#include <cstdio>
#include <cstdlib>

namespace gpu_check {

namespace {

const char *name_of(ctn_dtype dtype)
{
    return dtype == CTN_F32 ? "f32" : dtype == CTN_BF16 ? "bf16" : "f16";
}

/* The number of representable values between two, both finite. */
double ulps_between(const void *a, const void *b, ctn_dtype dtype, int64_t i)
{
    const auto ordered = [&](const void *memory) -> int64_t {
        if (dtype == CTN_F32) {
            const uint32_t bits = static_cast<const uint32_t *>(memory)[i];
            return (bits & 0x80000000u) != 0 ? -(int64_t)(bits & 0x7fffffffu) : (int64_t)bits;
        }
        const uint32_t bits = static_cast<const uint16_t *>(memory)[i];
        return (bits & 0x8000u) != 0 ? -(int64_t)(bits & 0x7fffu) : (int64_t)bits;
    };
    return std::fabs((double)(ordered(a) - ordered(b)));
}

}  // namespace

EmulationDistance::~EmulationDistance()
{
    for (const auto &[name, distance] : distances_)
        std::printf("{\"against_emulation\": \"%s\", \"elements\": %lld, \"same_bits\": %lld, \"most_ulps\": %.0f, \"most_of_largest\": %.3g}\n",
            name.c_str(), distance.elements, distance.same_bits, std::min(distance.most_ulps, 1e12), std::min(distance.most_of_largest, 1e9));
    std::fflush(stdout);
}

void EmulationDistance::keep(Array &array, const void *memory, size_t bytes)
{
    constexpr size_t alignment = 256;
    const auto *const begin = static_cast<const char *>(memory);
    array.before.assign(begin, begin + bytes);
    array.room.resize(bytes + alignment);
    array.aligned = array.room.data() + (alignment - reinterpret_cast<uintptr_t>(array.room.data()) % alignment);
    if (bytes != 0)
        std::memcpy(array.aligned, memory, bytes);
}

void EmulationDistance::before(const ctn_recurrent &launch)
{
    const LaunchExtent extent(launch);
    keep(o_, launch.o, extent.o);
    keep(state_, launch.state, extent.state);
    keep(tail_, launch.tail, extent.tail);
}

void EmulationDistance::after(
    const char *kernel, const ctn_recurrent &launch, const std::function<ctn_status(const ctn_recurrent &)> &in_cpu_build)
{
    ctn_recurrent emulated = launch;
    emulated.o = o_.aligned;
    emulated.state = state_.aligned;
    emulated.tail = launch.tail != nullptr ? tail_.aligned : nullptr;
    if (in_cpu_build(emulated) != CTN_OK) {
        std::fprintf(stderr, "the CPU build refuses a launch of %s that the library accepts\n", kernel);
        std::exit(3);
    }
    const std::string with_rows = std::string(" of ") + name_of(launch.dtype) + " rows";
    compare(std::string(kernel) + " outputs" + with_rows, launch.dtype, o_, launch.o);
    compare(std::string(kernel) + " " + name_of(launch.state_dtype) + " states" + with_rows, launch.state_dtype, state_, launch.state);
    compare(std::string(kernel) + " tails" + with_rows, launch.dtype, tail_, launch.tail);
}

void EmulationDistance::compare(const std::string &name, ctn_dtype dtype, const Array &expected, const void *found)
{
    const size_t width = bytes_of(dtype);
    const auto count = (int64_t)(expected.before.size() / width);
    const auto has_bits = [&](const void *memory, int64_t i, const void *other) {
        return std::memcmp(static_cast<const char *>(memory) + (size_t)i * width, static_cast<const char *>(other) + (size_t)i * width, width) == 0;
    };
    std::vector<int64_t> written;
    double largest = 1e-30;
    for (int64_t i = 0; i < count; i++) {
        if (has_bits(found, i, expected.before.data()) && has_bits(expected.aligned, i, expected.before.data()))
            continue;
        written.push_back(i);
        largest = std::max(largest, std::fabs(test::read_element(expected.aligned, dtype, i)));
    }
    if (written.empty())
        return;

    Distance &distance = distances_[name];
    distance.elements += (long long)written.size();
    for (const int64_t i : written) {
        if (has_bits(found, i, expected.aligned)) {
            distance.same_bits++;
            continue;
        }
        const double one = test::read_element(expected.aligned, dtype, i);
        const double difference = std::fabs(one - test::read_element(found, dtype, i));
        distance.most_of_largest = std::max(distance.most_of_largest, std::isfinite(difference) ? difference / largest : INFINITY);
        if (!std::isfinite(difference))
            distance.most_ulps = INFINITY;
        else if (std::fabs(one) >= largest / 64)
            distance.most_ulps = std::max(distance.most_ulps, ulps_between(expected.aligned, found, dtype, i));
    }
}

}  // namespace gpu_check
