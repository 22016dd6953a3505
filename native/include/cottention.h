/* cottention.h: the native side of Cottention, as a C ABI.
 *
 * Two layers. The engine (ctn_engine_*) holds a whole model with its sessions' states on one device and runs whole steps;
 * CudaModelRunner in src/Cottention.Cuda drives it. The kernels (ctn_fused_recurrent, ctn_tail, ctn_chunk) work on the caller's device
 * memory and stream; TorchModelRunner calls them on tensor pointers.
 *
 * Rules for every function here:
 *   - It returns a ctn_status; after anything but CTN_OK, ctn_last_message() says what was wrong, on the same thread.
 *   - It never exits, prints, or throws across this boundary. A refused call changes nothing.
 *   - Structs begin with struct_size = sizeof(the struct): another size is CTN_INVALID_ARGUMENT, so a stale binding is found at once.
 *   - One thread at a time per engine, but for ctn_engine_end_read_slot. Different engines are independent.
 *
 * Shapes are written in one alphabet: B rows of a step, R tokens of a step (all rows together), L layers, H heads,
 * K = V key and value dim of a head (head_dim), D = H * K model dim, M width of the MLP, N vocabulary size.
 * A state is [L, H, V, K]: row = value index, column = key index. Inside kernels q, k, v, o, S mean what the paper means:
 * Cottention, arXiv 2409.18747. ../README.md has the recurrence, and how the files lie.
 *
 * The same sources build twice: with nvcc for GPUs, and with any C++17 compiler as the "CPU build", where kernels run on
 * an emulation of thread blocks (emulation/). The CPU build is for tests: correct to the bit in every thread order, and slow. */
#ifndef COTTENTION_H
#define COTTENTION_H

#include <stdint.h>

#if defined(_WIN32)
#define CTN_API __declspec(dllexport)
#else
#define CTN_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Goes up whenever a struct or the meaning of a call changes. */
#define CTN_ABI_VERSION 2

typedef int32_t ctn_status;
enum {
    CTN_OK = 0,
    CTN_INVALID_ARGUMENT = 1, /* the caller's fault; the message has the value and what is allowed */
    CTN_UNSUPPORTED = 2,      /* a shape, type or card that this build does not serve */
    CTN_OUT_OF_MEMORY = 3,    /* of the device or of pinned host memory; nothing was kept */
    CTN_NO_DEVICE = 4,        /* no driver, no card of that number, or no cuBLASLt library */
    CTN_DEVICE_ERROR = 5      /* the device failed; the engine can only be destroyed. After a kernel's fault CUDA answers every call of
                                 the process so, other engines' too, and only a new process can go on */
};

typedef int32_t ctn_dtype;
enum { CTN_F32 = 0, CTN_BF16 = 1, CTN_F16 = 2 };

/* CTN_ABI_VERSION of the library. */
CTN_API int32_t ctn_abi_version(void);

/* One line, UTF-8, valid until the next call on this thread; empty after success. */
CTN_API const char *ctn_last_message(void);

/* ---------------------------------------------------------------------------------------------------------- devices */

typedef struct ctn_device_info {
    int32_t struct_size;
    int32_t compute_major, compute_minor; /* 9, 0 for sm_90; 0, 0 in the CPU build */
    int32_t multiprocessors;
    int64_t total_bytes, free_bytes;      /* memory of the device */
    int32_t is_emulation;                 /* 1 in the CPU build, which has exactly one device */
    char name[256];                       /* UTF-8, ends in 0 */
} ctn_device_info;

/* Number of devices; 0 with CTN_OK where there is a library but no card, CTN_NO_DEVICE where there is no driver. */
CTN_API ctn_status ctn_device_count(int32_t *count);
CTN_API ctn_status ctn_device_describe(int32_t device, ctn_device_info *info);

/* ----------------------------------------------------------------------------------------------------------- engine */

typedef struct ctn_engine ctn_engine;

typedef struct ctn_engine_config {
    int32_t struct_size;
    int32_t device;            /* 0 .. ctn_device_count - 1 */
    int32_t layers, heads;     /* L, H: 1 or more */
    int32_t head_dim;          /* K = V: 64 or 128; the CPU build and slower generic kernels take any even size up to 256 */
    int32_t rotary_dim;        /* rotated components of a head: even, 0 .. head_dim */
    int32_t inner;             /* M: even */
    int32_t vocabulary;        /* N */
    int32_t tied_head;         /* 1: the head's matrix is the embedding's; CTN_HEAD is then not written */
    double layer_norm_epsilon;
    const uint64_t *turns;     /* [rotary_dim / 2] fraction of a turn a token, times 2^64; null where rotary_dim is 0. Copied. */
    int32_t weight_dtype;      /* of the matrices and of what is multiplied with them: CTN_F32 or CTN_BF16 */
    int32_t state_dtype;       /* CTN_F32. CTN_F16 is CTN_UNSUPPORTED: the kernels take it, but its loss was not measured */
    int32_t slots;             /* states in the arena; zero at first */
    int32_t max_rows;          /* most rows of a step, and most rows of logits */
    int32_t max_tokens;        /* most tokens of a step, at least max_rows */
    int32_t provisional_rows;  /* most provisional rows of a step beside those that run ahead; 0 for none */
    int32_t provisional_tokens;/* most tokens of a provisional row, 1 .. 8 */
    int32_t fold_interval;     /* tokens between two writes of a state, 1 .. 16; 16 unless said otherwise. No effect on any result.
                                  Up to 8 a slot's tail has room for 16 tokens, else for 32. */
    int32_t chunk_tokens;      /* rows of at least so many tokens (and more than 8) go through ctn_chunk, which is faster and rounds
                                  otherwise; 0: never */
} ctn_engine_config;

/* Takes all memory of the device that the engine will ever use, but for what the driver keeps for the code of kernels and for graphs:
 * that ctn_engine_seal has it take. The weights are undefined until written. */
CTN_API ctn_status ctn_engine_create(const ctn_engine_config *config, ctn_engine **engine);
CTN_API void ctn_engine_destroy(ctn_engine *engine); /* null is allowed */

/* Bytes of device memory: weights, arena of states with their tails, buffers of a step. The driver's are not among them. */
typedef struct ctn_engine_memory {
    int32_t struct_size;
    int32_t reserved;
    int64_t weight_bytes, state_bytes, tail_bytes, buffer_bytes;
} ctn_engine_memory;
CTN_API ctn_status ctn_engine_describe_memory(const ctn_engine *engine, ctn_engine_memory *memory);

/* Tensors of a model, row-major [rows, columns], y = W x as in the checkpoint. */
typedef int32_t ctn_tensor;
enum {
    CTN_EMBEDDING = 0,         /* [N, D] */
    CTN_NORM_WEIGHT = 1,       /* [1, D] of a layer: ln_1 */
    CTN_NORM_BIAS = 2,         /* [1, D] */
    CTN_QUERY = 3,             /* [D, D] */
    CTN_KEY = 4,               /* [D, D] */
    CTN_VALUE = 5,             /* [D, D] */
    CTN_SIGMA = 6,             /* [1, H] sigmoid(norm_const) */
    CTN_ATTENTION_OUT = 7,     /* [D, D] */
    CTN_MLP_IN = 8,            /* [M, D] */
    CTN_MLP_IN_BIAS = 9,       /* [1, M] */
    CTN_MLP_OUT = 10,          /* [D, M] */
    CTN_MLP_OUT_BIAS = 11,     /* [1, D] */
    CTN_FINAL_NORM_WEIGHT = 12,/* [1, D] */
    CTN_FINAL_NORM_BIAS = 13,  /* [1, D] */
    CTN_HEAD = 14,             /* [N, D] */
    CTN_HEAD_BIAS = 15         /* [1, N] */
};

/* Writes rows of a tensor from host memory [rows, columns] f32, rounded to the engine's type. layer is 0 for tensors that
 * belong to none. Only before ctn_engine_seal. */
CTN_API ctn_status ctn_engine_write_tensor(
    ctn_engine *engine, ctn_tensor tensor, int32_t layer, int32_t first_row, int32_t rows, const float *values);

/* Checks that every row of every tensor was written, starts every kernel once on padding, so that the driver has loaded it, and records
 * the graphs: after this the engine allocates nothing. CTN_OUT_OF_MEMORY where there is no room for that. */
CTN_API ctn_status ctn_engine_seal(ctn_engine *engine);

/* Steps, and the calls that name a slot, take effect on the device in the order in which they are called, whatever is under way
 * meanwhile. Of these calls only those wait that say so. */

/* One session's part of a step. No two rows of a step share a slot. */
typedef struct ctn_row {
    int64_t position;       /* tokens the state has consumed: 0 to 2^62 */
    int32_t slot;           /* 0 .. slots - 1 */
    int32_t token_count;    /* 1 or more */
    int32_t logits_count;   /* logits are wanted after each of the row's last so many tokens: 0 .. token_count */
    int32_t is_provisional; /* 1: the state stays where it is until ctn_engine_commit */
} ctn_row;

/* How to draw a token from a row of logits on the device. The result is the token that Cottention.Inference's Sampler draws, or
 * CTN_UNDECIDED where rounding could make it another (about one draw in ten thousand); then the caller draws from the logits. */
typedef struct ctn_draw {
    double uniform;     /* the session's draw, over [0, 1) */
    double top_p;       /* 1: off */
    double min_p;       /* 0: off */
    float temperature;  /* 0: the largest logit, lowest id first; otherwise above 0 */
    int32_t top_k;      /* 0: off */
    int32_t live;       /* ids from here on are never drawn: 1 .. N */
    int32_t wanted;     /* 0: no draw for this row of logits; the rest is not read */
} ctn_draw;
#define CTN_UNDECIDED (-1)

/* Begins a step: tokens [R] i32 row after row, draws one a row of logits in the order of rows, or null. Everything is copied before it
 * returns. It waits where four steps without logits are still ahead of it, and else for nothing.
 *
 * A step with rows of logits is under way until ctn_engine_end_step; at most CTN_MOST_STEPS are. A step without has nothing to end.
 *
 * A row runs ahead where its one token is ~i (negative): the token that the last begun step with logits draws from its row i of
 * logits, whether that step has ended or not, so that the caller need not know it yet. Such a row has token_count 1 and
 * is_provisional 1: its token counts once it is committed, which the caller does when it knows the draw, and before it begins another
 * step. A row that is not to be, as the draw ended its session, is not committed. Where the draw is undecided or was not wanted,
 * token 0 is run in its place, and the row must not be committed. Rows that run ahead do not count against provisional_rows. */
#define CTN_MOST_STEPS 2
CTN_API ctn_status ctn_engine_begin_step(
    ctn_engine *engine, const ctn_row *rows, int32_t row_count, const int32_t *tokens, int32_t token_count, const ctn_draw *draws);

/* Waits for the oldest step that is under way. drawn [number of its rows of logits] i32 gets a token, or CTN_UNDECIDED where none was
 * wanted or rounding left it open; may be null. */
CTN_API ctn_status ctn_engine_end_step(ctn_engine *engine, int32_t *drawn);

/* Rows of logits of the step that ended last, [count, N] f32; no step under way is waited for. They are there until the second step
 * with logits after that one begins. */
CTN_API ctn_status ctn_engine_read_logits(ctn_engine *engine, int32_t first, int32_t count, float *logits);

/* Has the slot's state consume the next count tokens of its last, provisional row: the bits as if they alone had been run. The step of
 * that row may still be under way. What is not committed is forgotten when the slot is run, filled, written or copied to, and by the
 * next step that has a provisional row; copies and reads of the slot are without it. */
CTN_API ctn_status ctn_engine_commit(ctn_engine *engine, int32_t slot, int32_t count);

CTN_API ctn_status ctn_engine_fill_slot(ctn_engine *engine, int32_t slot, float value);
CTN_API ctn_status ctn_engine_copy_slot(ctn_engine *engine, int32_t source, int32_t destination);

/* A state in host memory, [L, H, V, K] f32, through pinned memory and a stream of its own. Waits for the write before this one alone.
 * The write may still be under way on the device when the call returns; every later call on the slot sees it. */
CTN_API ctn_status ctn_engine_write_slot(ctn_engine *engine, int32_t slot, const float *state);

/* Begins to read a slot as it is now, on a stream of its own while steps of other slots go on; what is called on this slot later
 * waits for the read, on the device. *read is the number for ctn_engine_end_read_slot, or -1 with CTN_OK where CTN_MOST_READS
 * are under way. */
#define CTN_MOST_READS 2
CTN_API ctn_status ctn_engine_begin_read_slot(ctn_engine *engine, int32_t slot, int32_t *read);

/* Waits for a read and gives the state, [L, H, V, K] f32; the number is free again. May be called on another thread than the other
 * functions, while one of them runs; reads end in any order. */
CTN_API ctn_status ctn_engine_end_read_slot(ctn_engine *engine, int32_t read, float *state);

/* ---------------------------------------------------------------------------------------------------------- kernels */

/* What the recurrent kernels are given. All pointers are device memory; a row of the launch is one sequence. The calling thread's
 * current device is that of the pointers and of the stream; null is CUDA's legacy default stream. */
typedef struct ctn_recurrent {
    int32_t struct_size;
    int32_t rows;              /* B, padding included; 0 does nothing */
    int32_t heads, head_dim;
    int32_t rotary_dim;
    int32_t dtype;             /* of qkv, o and the tail: CTN_F32 or CTN_BF16. k and v are rounded to it before they meet the state. */
    int32_t state_dtype;
    int32_t max_row_tokens;    /* largest token_count of a row */
    const void *qkv;           /* [R, row_stride]: head h of q at q_offset + h * head_dim, and so on; strides in elements, even */
    int64_t row_stride, q_offset, k_offset, v_offset;
    void *o;                   /* [R, o_stride], head h at h * head_dim */
    int64_t o_stride;
    const int32_t *slot;       /* [B]; -1 is padding: no q, k, v, o, state or tail of it is read or written */
    const int32_t *token_begin;/* [B + 1] index in qkv of each row's first token; null: row i is token i */
    const int64_t *position;   /* [B] of each row's first token */
    const float *sigma;        /* [H] */
    const uint64_t *turns;     /* [rotary_dim / 2] */
    void *state;               /* element (slot, h, v, k) at slot * slot_stride + h * head_stride + v * head_dim + k.
                                * With head_dim 64 and 128 aligned to 16 bytes, and so is each head's part */
    int64_t slot_stride, head_stride;
    uint64_t rounding_seed;    /* CTN_F16 states: key of the random bits, with head, position and element; never with the slot */

    /* ctn_tail only: the newest k and v of a slot that its state does not hold yet. */
    void *tail;                /* [slot][head][tail_capacity][2][head_dim] dtype; entry of position p at p mod tail_capacity */
    int64_t tail_slot_stride, tail_head_stride;
    int32_t tail_capacity;     /* a power of two up to 32 */
    int32_t reserved;
    const int32_t *tail_length;/* [B] committed entries, those of positions position - tail_length .. position - 1 */
    const int32_t *fold;       /* [B] 1: those entries go into the stored state, which is written */
} ctn_recurrent;

/* For each token in turn: S += v k^T, o = S q, state in place; written once at the end of the row. Runs of any length. */
CTN_API ctn_status ctn_fused_recurrent(const ctn_recurrent *launch, void *stream);

/* The same bits without writing the state: it is read, the tail's entries are replayed on it in registers, then the new tokens
 * (0 .. 8 a row), whose k and v are appended to the tail. The caller counts the accepted ones into the next tail_length; to take
 * tokens back is not to count them. Needs tail_length + new tokens <= tail_capacity, or the row is left alone like padding.
 * (CTN_F16 states round whenever they are written, so there the bits also hang on where rows fold.) */
CTN_API ctn_status ctn_tail(const ctn_recurrent *launch, void *stream);

/* Long rows on tensor cores, in chunks: state as of ctn_fused_recurrent within the bound in README.md, not to the bit.
 * head_dim 64 or 128, f32 states, o with an even stride. tokens is the number of tokens of all rows, padding's too, or more;
 * workspace is device memory of ctn_chunk_workspace bytes, 16-byte aligned. ctn_chunk_workspace is -1 for what ctn_chunk refuses. */
CTN_API int64_t ctn_chunk_workspace(const ctn_recurrent *launch, int32_t tokens);
CTN_API ctn_status ctn_chunk(const ctn_recurrent *launch, int32_t tokens, void *workspace, void *stream);

#ifdef __cplusplus
}
#endif

#endif
