/* Sizes made of numbers from outside: a product or sum that does not fit is remembered, not wrapped. */
#pragma once

#include <cstdint>

namespace ctn {

class CheckedSize {
public:
    CheckedSize(int64_t value) : value_(value) {}

    CheckedSize operator*(const CheckedSize &other) const
    {
        CheckedSize result(0);
        result.overflows_ = __builtin_mul_overflow(value_, other.value_, &result.value_) || overflows_ || other.overflows_;
        return result;
    }

    CheckedSize operator+(const CheckedSize &other) const
    {
        CheckedSize result(0);
        result.overflows_ = __builtin_add_overflow(value_, other.value_, &result.value_) || overflows_ || other.overflows_;
        return result;
    }

    bool overflows() const { return overflows_; }
    int64_t value() const { return value_; }

private:
    int64_t value_;
    bool overflows_ = false;
};

/* Cuts one allocation into pieces, each at a multiple of alignment bytes. */
class Carving {
public:
    explicit Carving(int64_t alignment = 256) : alignment_(alignment) {}

    /* The offset in bytes of a piece; of no use where the whole overflows. */
    int64_t piece(const CheckedSize &bytes)
    {
        const int64_t offset = end_.value();
        const CheckedSize padded = end_ + bytes + (alignment_ - 1);
        end_ = padded.overflows() ? padded : padded + -(padded.value() % alignment_);
        return offset;
    }

    const CheckedSize &bytes() const { return end_; }

private:
    int64_t alignment_;
    CheckedSize end_ = 0;
};

}  // namespace ctn
