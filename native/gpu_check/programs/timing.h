/* Times of what runs on a stream, by the host's clock over enough launches that its own cost is lost in them. */
#pragma once

#include "device.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace gpu_check {

inline double seconds_now()
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double median_of(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/* Seconds of one launch: the median of rounds of at least so many seconds each, after one that is not counted. */
inline double seconds_a_launch(Graph &graph, void *stream, double round_seconds, int rounds = 6)
{
    int launches = 1;
    std::vector<double> times;
    while ((int)times.size() < rounds) {
        const double began = seconds_now();
        for (int i = 0; i < launches; i++)
            graph.launch();
        synchronize(stream);
        const double took = seconds_now() - began;
        if (took < round_seconds && launches < 1 << 20)
            launches = std::max(launches + 1, (int)(launches * std::min(10.0, 1.2 * round_seconds / std::max(took, 1e-6))));
        else
            times.push_back(took / launches);
    }
    times.erase(times.begin());
    return median_of(times);
}

}  // namespace gpu_check
