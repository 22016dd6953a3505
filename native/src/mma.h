/* Products of 16 x 16 tiles of bf16 on tensor cores, with fp32 sums: mma.sync.m16n8k16 and ldmatrix (PTX, from sm_80 on), and a
 * twin that computes the same products from the same registers where kernels are emulated.
 *
 * One warp works on a tile together. Lane l holds, with g = l / 4 and q = l % 4:
 *   Left    word i: elements (g + 8 (i & 1), 2q + 8 (i >> 1)) and the next in the row
 *   Right   word i: elements (2q + 8 (i & 1), g + 8 (i >> 1)) and the next in the column
 *   Sum     value 4j + o: element (g + 8 (o >> 1), 8j + 2q + (o & 1))
 * The first of a word's two elements is in its low half. */
#pragma once

#include "platform.h"
#include "vectors.h"

namespace ctn {

/* Two values to nearest, ties to even; the first in the low half. */
CTN_DEVICE uint32_t pack_bf16(float low, float high)
{
#if defined(CTN_EMULATION)
    return to_bf16(low) | (uint32_t)to_bf16(high) << 16;
#else
    uint32_t pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
#endif
}

CTN_DEVICE float low_bf16(uint32_t pair) { return __uint_as_float(pair << 16); }
CTN_DEVICE float high_bf16(uint32_t pair) { return __uint_as_float(pair & 0xffff0000u); }

struct Left { uint32_t word[4]; };
struct Right { uint32_t word[4]; };
struct Sum { float value[8]; };

/* A tile of bf16 in shared memory. Rows of stride elements, a multiple of 8 and an odd number of 16 bytes, so that eight rows
 * under each other lie in different banks. */
struct Bf16Tile {
    const uint16_t *values;
    int stride;
};

#if defined(CTN_EMULATION)

/* The pointers that the lanes of a warp gave, each its own. */
template <class T>
class PointersOfWarp {
public:
    explicit PointersOfWarp(const T *mine)
    {
        const auto address = (uint64_t)reinterpret_cast<uintptr_t>(mine);
        std::memcpy(low, emulation::exchange_in_warp(emulation::WarpOperation::Gather, CTN_WARP, (uint32_t)address), sizeof low);
        high = emulation::exchange_in_warp(emulation::WarpOperation::Gather, CTN_WARP, (uint32_t)(address >> 32));
    }

    const T *operator[](int lane) const { return reinterpret_cast<const T *>((uintptr_t)(low[lane] | (uint64_t)high[lane] << 32)); }

private:
    uint32_t low[32];
    const uint32_t *high;
};

#endif

/* Lane l gives the address of row l % 8 of 8 x 8 matrix number l / 8 and gets two elements of each: of row l / 4, or of column
 * l / 4 where Transposed. */
template <bool Transposed>
CTN_DEVICE void load_matrices(uint32_t (&word)[4], const uint16_t *row)
{
#if defined(CTN_EMULATION)
    const PointersOfWarp<uint16_t> rows(row);
    const int g = (int)(threadIdx.x & 31) >> 2, q = (int)threadIdx.x & 3;
    for (int i = 0; i < 4; ++i) {
        const uint16_t low = Transposed ? rows[8 * i + 2 * q][g] : rows[8 * i + g][2 * q];
        const uint16_t high = Transposed ? rows[8 * i + 2 * q + 1][g] : rows[8 * i + g][2 * q + 1];
        word[i] = low | (uint32_t)high << 16;
    }
#else
    uint32_t address;
    asm("{ .reg .u64 shared; cvta.to.shared.u64 shared, %1; cvt.u32.u64 %0, shared; }" : "=r"(address) : "l"(row));
    if (Transposed)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3]) : "r"(address) : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3]) : "r"(address) : "memory");
#endif
}

/* Address of this lane's row: matrices 1 and 3 lie below 0 and 2 (Down), or to their right. */
template <bool Down>
CTN_DEVICE const uint16_t *matrix_row(Bf16Tile tile, int row, int column)
{
    const int lane = (int)threadIdx.x & 31, odd = (lane >> 3) & 1, second = lane >> 4;
    const int below = Down ? odd : second, right = Down ? second : odd;
    return tile.values + (row + 8 * below + (lane & 7)) * tile.stride + column + 8 * right;
}

/* Rows row .. row + 15 and columns column .. column + 15 of the tile. */
CTN_DEVICE Left load_left(Bf16Tile tile, int row, int column)
{
    Left left;
    load_matrices<false>(left.word, matrix_row<true>(tile, row, column));
    return left;
}

/* The same piece of the tile turned over: element (i, j) is the tile's (row + j, column + i). */
CTN_DEVICE Left load_left_transposed(Bf16Tile tile, int row, int column)
{
    Left left;
    load_matrices<true>(left.word, matrix_row<false>(tile, row, column));
    return left;
}

CTN_DEVICE Right load_right(Bf16Tile tile, int row, int column)
{
    Right right;
    load_matrices<true>(right.word, matrix_row<true>(tile, row, column));
    return right;
}

/* Element (i, j) is the tile's (row + j, column + i). */
CTN_DEVICE Right load_right_transposed(Bf16Tile tile, int row, int column)
{
    Right right;
    load_matrices<false>(right.word, matrix_row<false>(tile, row, column));
    return right;
}

#if defined(CTN_EMULATION)

/* One after another in the order of the contraction, so that the bits do not depend on the order of threads. */
CTN_DEVICE void multiply_add(Sum &sum, const Left &left, const Right &right)
{
    struct Operands {
        Left left;
        Right right;
    };
    const Operands mine = {left, right};
    const PointersOfWarp<Operands> all(&mine);

    const int g = (int)(threadIdx.x & 31) >> 2, q = (int)threadIdx.x & 3;
    const auto half = [](uint32_t word, int k) { return k & 1 ? high_bf16(word) : low_bf16(word); };
    for (int o = 0; o < 8; ++o) {
        const int below = (o >> 1) & 1, j = o >> 2, column = 2 * q + (o & 1);
        for (int k = 0; k < 16; ++k) {
            const int lane = (k & 7) >> 1, far = k >> 3;
            sum.value[o] += half(all[4 * g + lane]->left.word[2 * far + below], k) * half(all[4 * column + lane]->right.word[2 * j + far], k);
        }
    }
    /* No lane goes on while another still reads its operands. */
    __syncwarp();
}

#else

/* sum += left * right. */
CTN_DEVICE void multiply_add(Sum &sum, const Left &left, const Right &right)
{
#pragma unroll
    for (int j = 0; j < 2; ++j)
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(sum.value[4 * j]), "+f"(sum.value[4 * j + 1]), "+f"(sum.value[4 * j + 2]), "+f"(sum.value[4 * j + 3])
                     : "r"(left.word[0]), "r"(left.word[1]), "r"(left.word[2]), "r"(left.word[3]),
                       "r"(right.word[2 * j]), "r"(right.word[2 * j + 1]));
}

#endif

/* Where in the sum value i of a lane is. */
CTN_DEVICE int sum_row(int lane, int i) { return lane / 4 + 8 * (i >> 1 & 1); }
CTN_DEVICE int sum_column(int lane, int i) { return 2 * (lane % 4) + 8 * (i >> 2) + (i & 1); }

/* The sum's elements where a Left has them: word i holds values 2i and 2i + 1. */
CTN_DEVICE Left rounded(const Sum &sum)
{
    Left left;
#pragma unroll
    for (int i = 0; i < 4; ++i)
        left.word[i] = pack_bf16(sum.value[2 * i], sum.value[2 * i + 1]);
    return left;
}

}  // namespace ctn
