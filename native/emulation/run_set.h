/* The threads of a block that can go on, by number. */
#pragma once

#include <cstdint>
#include <vector>

namespace ctn::emulation {

class RunSet {
public:
    void fill(unsigned threads)
    {
        threads_ = threads;
        words_.assign((threads + 63) / 64, 0);
        for (unsigned i = 0; i < threads; i++)
            add(i);
    }

    void add(unsigned thread) { words_[thread / 64] |= uint64_t{1} << thread % 64; }
    void remove(unsigned thread) { words_[thread / 64] &= ~(uint64_t{1} << thread % 64); }

    /* Smallest number from first on, or -1. */
    int at_or_after(unsigned first) const
    {
        if (first >= threads_)
            return -1;
        uint64_t word = words_[first / 64] & ~uint64_t{0} << first % 64;
        for (unsigned i = first / 64;; word = words_[i]) {
            if (word != 0)
                return (int)(i * 64) + __builtin_ctzll(word);
            if (++i == words_.size())
                return -1;
        }
    }

    /* Largest number up to last, or -1. */
    int at_or_before(unsigned last) const
    {
        uint64_t word = words_[last / 64] & ~uint64_t{0} >> (63 - last % 64);
        for (unsigned i = last / 64;; word = words_[i]) {
            if (word != 0)
                return (int)(i * 64) + 63 - __builtin_clzll(word);
            if (i-- == 0)
                return -1;
        }
    }

private:
    unsigned threads_ = 0;
    std::vector<uint64_t> words_;
};

}  // namespace ctn::emulation
