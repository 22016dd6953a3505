#include "descriptor.h"

#include <algorithm>
#include <cstring>

namespace ctn {

namespace {

constexpr int64_t alignment = 16;

RowArrays arrays_of(Carving &carving, int64_t rows)
{
    RowArrays arrays;
    arrays.slot = carving.piece(rows * 4);
    arrays.token_begin = carving.piece((rows + 1) * 4);
    arrays.position = carving.piece(rows * 8);
    arrays.tail_length = carving.piece(rows * 4);
    arrays.fold = carving.piece(rows * 4);
    return arrays;
}

void pad_rows(char *descriptor, const RowArrays &arrays, int rows)
{
    const auto count = (size_t)rows;
    std::memset(descriptor + arrays.slot, 0xff, count * 4);
    std::memset(descriptor + arrays.token_begin, 0, (count + 1) * 4);
    std::memset(descriptor + arrays.position, 0, count * 8);
    std::memset(descriptor + arrays.tail_length, 0, count * 4);
    std::memset(descriptor + arrays.fold, 0, count * 4);
}

}  // namespace

DescriptorLayout::DescriptorLayout(const StepShape &shape)
{
    Carving carving(alignment);
    tokens = carving.piece(shape.tokens * 4LL);
    gather = carving.piece(shape.logits * 4LL);
    draws = carving.piece(shape.logits * (int64_t)sizeof(ctn_draw));
    short_rows = arrays_of(carving, shape.short_rows);
    long_rows = arrays_of(carving, shape.long_rows);
    chunk_rows = arrays_of(carving, shape.chunk_rows);
    folds = arrays_of(carving, shape.folds);
    bytes = carving.bytes().value();
}

int64_t most_descriptor_bytes(const Dimensions &dimensions)
{
    StepShape shape;
    shape.tokens = dimensions.max_tokens;
    shape.logits = shape.short_rows = shape.long_rows = shape.chunk_rows = shape.folds = dimensions.max_rows;
    return DescriptorLayout(shape).bytes;
}

void write_padding(char *descriptor, const StepShape &shape, const DescriptorLayout &layout)
{
    std::memset(descriptor + layout.tokens, 0, (size_t)shape.tokens * 4);
    std::memset(descriptor + layout.gather, 0, (size_t)shape.logits * 4);
    std::memset(descriptor + layout.draws, 0, (size_t)shape.logits * sizeof(ctn_draw));
    pad_rows(descriptor, layout.short_rows, shape.short_rows);
    pad_rows(descriptor, layout.long_rows, shape.long_rows);
    pad_rows(descriptor, layout.chunk_rows, shape.chunk_rows);
    pad_rows(descriptor, layout.folds, shape.folds);
}

}  // namespace ctn
