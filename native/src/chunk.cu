/* Long rows in chunks of tokens on tensor cores. Three launches:
 *   chunk_states    each chunk by itself: the state's change  V^T K
 *   chunk_prefix    each head by itself, chunk after chunk: the state before every chunk, and the row's new state
 *   chunk_outputs   each chunk by itself: o = S q of the state before it, plus the masked (Q K^T) V of its own tokens
 * The workspace holds a [V, K] f32 matrix for every chunk and head. */
#include "chunk_warp.h"
#include "recurrent_launch.h"

namespace ctn {
namespace {

/* bf16 rows leave registers enough for two blocks on a multiprocessor. */
template <class Row, int D>
__global__ void __launch_bounds__(kChunkThreads, kTerms<Row> == 1 ? 2 : 1) chunk_states(const ctn_recurrent p, float *states)
{
    constexpr int terms = kTerms<Row>, stride = kTileStride<D>, tile_elements = kTileTokens * stride;
    /* Every warp has 16 rows of the matrix; where rows are fewer than that, warps share them. */
    constexpr int columns = D * D / (16 * kChunkWarps);

    const int head = (int)(blockIdx.x % (unsigned)p.heads);
    const int64_t number = blockIdx.x / (unsigned)p.heads;
    const Chunk chunk = find_chunk(p, number);
    if (chunk.count == 0)
        return;

    CTN_SHARED(uint16_t, shared);
    uint16_t *const keys = shared, *const values = shared + terms * tile_elements;
    const int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5;
    const int row = warp % (D / 16) * 16, column = warp / (D / 16) * columns;

    Sum sums[columns / 16] = {};
    for (int first = 0; first < chunk.count; first += kTileTokens) {
        if (first > 0)
            __syncthreads();
        fill_tile<Row, D, Vector::Key>(p, chunk, head, first, kTileTokens, keys, tile_elements);
        fill_tile<Row, D, Vector::Value>(p, chunk, head, first, kTileTokens, values, tile_elements);
        __syncthreads();

        const int tokens = min(kTileTokens, chunk.count - first);
        for (int token = 0; token < tokens; token += 16) {
            Left left[terms];
#pragma unroll
            for (int term = 0; term < terms; ++term)
                left[term] = load_left_transposed({values + term * tile_elements, stride}, token, row);
#pragma unroll
            for (int i = 0; i < columns / 16; ++i) {
                Right right[terms];
#pragma unroll
                for (int term = 0; term < terms; ++term)
                    right[term] = load_right({keys + term * tile_elements, stride}, token, column + 16 * i);
                multiply_add(sums[i], left, right);
            }
        }
    }

    float *const state = states + (number * p.heads + head) * (D * D);
#pragma unroll
    for (int i = 0; i < columns / 16; ++i)
#pragma unroll
        for (int o = 0; o < 8; o += 2) {
            const int v = row + sum_row(lane, o), k = column + 16 * i + sum_column(lane, o);
            RowsF32::store2(state, v * D + k, {sums[i].value[o], sums[i].value[o + 1]});
        }
}

/* A thread has four elements of a head's state. */
template <int D>
__global__ void __launch_bounds__(kChunkThreads, 1) chunk_prefix(const ctn_recurrent p, float *states)
{
    constexpr int pieces = D * D / (4 * kChunkThreads), batch = 8;

    const int element = 4 * ((int)(blockIdx.x % pieces) * kChunkThreads + (int)threadIdx.x);
    const int head = (int)(blockIdx.x / pieces % (unsigned)p.heads), row = (int)(blockIdx.x / pieces / (unsigned)p.heads);
    const int64_t tokens = first_token(p, row + 1) - first_token(p, row);
    const int slot = p.slot[row];
    if (slot < 0 || tokens <= 0)
        return;

    const int64_t chunks = (tokens + kChunkTokens - 1) / kChunkTokens, chunk_stride = (int64_t)p.heads * (D * D);
    float4 *const change = reinterpret_cast<float4 *>(states + (first_chunk(p, row) * p.heads + head) * (D * D) + element);
    float4 *const stored = reinterpret_cast<float4 *>(static_cast<float *>(p.state) + slot * p.slot_stride + head * p.head_stride + element);

    float4 state = *stored;
    for (int64_t begin = 0; begin < chunks; begin += batch) {
        /* All loads of the batch are on their way before the first is used. */
        float4 changes[batch];
#pragma unroll
        for (int i = 0; i < batch; ++i)
            changes[i] = begin + i < chunks ? change[(begin + i) * (chunk_stride / 4)] : float4{0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
        for (int i = 0; i < batch; ++i)
            if (begin + i < chunks) {
                change[(begin + i) * (chunk_stride / 4)] = state;
                state.x += changes[i].x;
                state.y += changes[i].y;
                state.z += changes[i].z;
                state.w += changes[i].w;
            }
    }
    *stored = state;
}

template <class Row, int D>
constexpr int outputs_shared_elements()
{
    constexpr int queries = kTerms<Row> * kChunkTokens, states = 2 * D, tokens = 2 * kTerms<Row> * kTileTokens;
    return kTileStride<D> * (queries > states ? (queries > tokens ? queries : tokens) : (states > tokens ? states : tokens));
}

/* Every warp has 16 tokens of the chunk. Shared memory holds in turn all q, the state, and k and v of kTileTokens tokens. */
template <class Row, int D>
__global__ void __launch_bounds__(kChunkThreads, 1) chunk_outputs(const ctn_recurrent p, const float *states)
{
    constexpr int terms = kTerms<Row>, stride = kTileStride<D>, tile_elements = kTileTokens * stride;
    static_assert(kChunkWarps * 16 == kChunkTokens, "a warp for every 16 tokens");

    const int head = (int)(blockIdx.x % (unsigned)p.heads);
    const int64_t number = blockIdx.x / (unsigned)p.heads;
    const Chunk chunk = find_chunk(p, number);
    if (chunk.count == 0)
        return;

    CTN_SHARED(uint16_t, shared);
    const int query = ((int)threadIdx.x >> 5) * 16;
    const bool is_idle = query >= chunk.count;

    fill_tile<Row, D, Vector::Query>(p, chunk, head, 0, kChunkTokens, shared, kChunkTokens * stride);
    __syncthreads();
    WarpTokens<Row, D> warp = {};
#pragma unroll
    for (int i = 0; i < D / 16; ++i)
#pragma unroll
        for (int term = 0; term < terms; ++term)
            warp.queries[i][term] = load_left({shared + term * kChunkTokens * stride, stride}, query, 16 * i);
    __syncthreads();

    fill_state_tiles<D>(states + (number * p.heads + head) * (D * D), shared);
    __syncthreads();
    if (!is_idle)
        read_state(warp, shared);

    uint16_t *const keys = shared, *const values = shared + terms * tile_elements;
    for (int first = 0; first < chunk.count; first += kTileTokens) {
        __syncthreads();
        fill_tile<Row, D, Vector::Key>(p, chunk, head, first, kTileTokens, keys, tile_elements);
        fill_tile<Row, D, Vector::Value>(p, chunk, head, first, kTileTokens, values, tile_elements);
        __syncthreads();
        if (!is_idle)
            for (int token = 0; token < kTileTokens && first + token <= query; token += 16)
                read_tokens(warp, keys, values, token, first, query);
    }
    write_outputs(p, chunk, head, query, warp);
}

template <class Row, int D>
ctn_status launch_chunk(const ctn_recurrent &p, int64_t chunks, float *states, Stream stream)
{
    constexpr size_t tiles_bytes = 2 * sizeof(uint16_t) * kTerms<Row> * kTileTokens * kTileStride<D>;
    constexpr size_t outputs_bytes = sizeof(uint16_t) * outputs_shared_elements<Row, D>();
    constexpr int pieces = D * D / (4 * kChunkThreads);

    CTN_TRY(launch({"chunk_states", chunks * p.heads, kChunkThreads, tiles_bytes}, stream, chunk_states<Row, D>, p, states));
    CTN_TRY(launch({"chunk_prefix", (int64_t)p.rows * p.heads * pieces, kChunkThreads, 0}, stream, chunk_prefix<D>, p, states));
    return launch({"chunk_outputs", chunks * p.heads, kChunkThreads, outputs_bytes}, stream, chunk_outputs<Row, D>, p, states);
}

/* The numbers that first_chunk gives to the rows of a launch are below this. */
int64_t count_chunks(const ctn_recurrent &p, int32_t tokens)
{
    return (int64_t)tokens / kChunkTokens + p.rows;
}

}  // namespace

/* What ctn_chunk demands beyond check_recurrent. */
static ctn_status check_chunk(const ctn_recurrent *p, int32_t tokens)
{
    CTN_TRY(check_recurrent(p));
    if (tokens < 0)
        return fail(CTN_INVALID_ARGUMENT, "tokens is %d; 0 or more is allowed", tokens);
    if (p->head_dim != 64 && p->head_dim != 128)
        return fail(CTN_UNSUPPORTED, "head_dim is %d; ctn_chunk serves 64 and 128", p->head_dim);
    if (p->state_dtype != CTN_F32)
        return fail(CTN_UNSUPPORTED, "state_dtype is %d; ctn_chunk serves %d (f32)", p->state_dtype, CTN_F32);
    const size_t pair_bytes = p->dtype == CTN_F32 ? 8 : 4;
    if (p->rows > 0 && (p->o_stride % 2 != 0 || reinterpret_cast<uintptr_t>(p->o) % pair_bytes != 0))
        return fail(CTN_INVALID_ARGUMENT, "o_stride is %lld and o at %p; an even stride and an address aligned to %zu bytes are allowed",
            (long long)p->o_stride, p->o, pair_bytes);
    /* So few blocks that no size below overflows. */
    const int64_t blocks = count_chunks(*p, tokens) * p->heads;
    if (blocks > 0x7fffffff)
        return fail(CTN_INVALID_ARGUMENT, "%d tokens in %d rows of %d heads are %lld chunks; 2147483647 is the most", tokens, p->rows, p->heads,
            (long long)blocks);
    return CTN_OK;
}

}  // namespace ctn

extern "C" int64_t ctn_chunk_workspace(const ctn_recurrent *launch, int32_t tokens)
{
    int64_t bytes = -1;
    ctn::guarded([&] {
        CTN_TRY(ctn::check_chunk(launch, tokens));
        bytes = ctn::count_chunks(*launch, tokens) * launch->heads * launch->head_dim * launch->head_dim * (int64_t)sizeof(float);
        return ctn_status{CTN_OK};
    });
    return bytes;
}

extern "C" ctn_status ctn_chunk(const ctn_recurrent *launch, int32_t tokens, void *workspace, void *stream)
{
    return ctn::guarded([&] {
        CTN_TRY(ctn::check_chunk(launch, tokens));
        if (launch->rows == 0 || tokens == 0)
            return ctn_status{CTN_OK};
        if (workspace == nullptr || reinterpret_cast<uintptr_t>(workspace) % 16 != 0)
            return ctn::fail(CTN_INVALID_ARGUMENT, "workspace is at %p; memory aligned to 16 bytes is allowed", workspace);
        const auto run = launch->dtype == CTN_F32
            ? (launch->head_dim == 64 ? ctn::launch_chunk<ctn::RowsF32, 64> : ctn::launch_chunk<ctn::RowsF32, 128>)
            : (launch->head_dim == 64 ? ctn::launch_chunk<ctn::RowsBf16, 64> : ctn::launch_chunk<ctn::RowsBf16, 128>);
        return run(*launch, ctn::count_chunks(*launch, tokens), static_cast<float *>(workspace), stream);
    });
}
