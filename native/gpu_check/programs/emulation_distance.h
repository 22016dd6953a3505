/* How far a launch's results are from those of the CPU build, over all launches of a program. */
#pragma once

#include "library.h"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace gpu_check {

/* Over the elements that one of the two has written. */
struct Distance {
    long long elements = 0;
    long long same_bits = 0;
    /* Of elements at least a 64th as large as the launch's largest of that array: near 0 a ulp says nothing of a sum. */
    double most_ulps = 0;
    /* Difference over the launch's largest element of that array. */
    double most_of_largest = 0;
};

class EmulationDistance {
public:
    /* Prints a JSON line a kernel, array and type. */
    ~EmulationDistance();

    /* Keeps what the launch, with its arrays in host memory, is about to change. */
    void before(const ctn_recurrent &launch);

    /* Runs what was kept in the CPU build and compares with what the launch now has. */
    void after(const char *kernel, const ctn_recurrent &launch, const std::function<ctn_status(const ctn_recurrent &)> &in_cpu_build);

private:
    struct Array {
        std::vector<char> before;
        std::vector<char> room;
        char *aligned = nullptr;
    };

    static void keep(Array &array, const void *memory, size_t bytes);
    void compare(const std::string &name, ctn_dtype dtype, const Array &expected, const void *found);

    Array o_, state_, tail_;
    std::map<std::string, Distance> distances_;
};

}  // namespace gpu_check
