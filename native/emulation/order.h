/* In which order blocks run, and what is drawn for a random order. */
#pragma once

#include "launch.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace ctn::emulation {

/* Xorshift: any sequence that a seed fixes will do. */
class RandomBits {
public:
    explicit RandomBits(unsigned seed) : bits_(seed * 2654435761u | 1u) {}

    unsigned draw()
    {
        bits_ ^= bits_ << 13;
        bits_ ^= bits_ >> 17;
        return bits_ ^= bits_ << 5;
    }

private:
    unsigned bits_;
};

inline std::vector<unsigned> sequence_of(unsigned blocks, Order order, RandomBits &random)
{
    std::vector<unsigned> sequence(blocks);
    std::iota(sequence.begin(), sequence.end(), 0u);
    if (order == Order::Reverse || order == Order::GreedyLastWarp)
        std::reverse(sequence.begin(), sequence.end());
    if (order == Order::Random)
        for (unsigned i = blocks; i > 1; i--)
            std::swap(sequence[i - 1], sequence[random.draw() % i]);
    return sequence;
}

}  // namespace ctn::emulation
