/* The sizes that a step is padded to, so that the products' algorithms and the graphs are chosen once for each. */
#pragma once

#include <algorithm>
#include <vector>

namespace ctn {

/* Most tokens of a step that runs as a recorded graph. */
constexpr int most_graph_tokens = 1024;

class Buckets {
public:
    /* 1, 2, 4, 8, then steps of about a third, then every 256, then most itself. */
    explicit Buckets(int most)
    {
        static constexpr int small[] = {1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024};
        for (const int size : small)
            if (size < most)
                sizes_.push_back(size);
        for (long size = 1024 + 256; size < most; size += 256)
            sizes_.push_back((int)size);
        sizes_.push_back(most);
    }

    const std::vector<int> &sizes() const { return sizes_; }

    /* Number of the smallest that holds count, 1 to the most. */
    int index_of(int count) const { return (int)(std::lower_bound(sizes_.begin(), sizes_.end(), count) - sizes_.begin()); }

    int holding(int count) const { return sizes_[index_of(count)]; }

private:
    std::vector<int> sizes_;
};

}  // namespace ctn
