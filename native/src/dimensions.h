/* The numbers of an engine, checked. */
#pragma once

#include "status.h"

#include <vector>

namespace ctn {

/* Rows of up to so many tokens go through ctn_tail, longer ones straight into the state. */
constexpr int short_row_tokens = 8;

struct Dimensions {
    int device;
    int layers;            /* L */
    int heads;             /* H */
    int head_dim;          /* K = V */
    int rotary_dim;
    int inner;             /* M */
    int vocabulary;        /* N */
    bool tied_head;
    float epsilon;
    std::vector<uint64_t> turns;
    ctn_dtype weight_dtype;
    int slots, max_rows, max_tokens;
    int provisional_rows, provisional_tokens;
    int fold_interval;
    int chunk_tokens;      /* 0: never */

    /* Tokens of the shortest row for ctn_chunk, and the most such rows of a step. */
    int least_chunk() const { return chunk_tokens > short_row_tokens ? chunk_tokens : short_row_tokens + 1; }
    int most_chunk_rows() const { return max_rows < max_tokens / least_chunk() ? max_rows : max_tokens / least_chunk(); }

    int model() const { return heads * head_dim; }                  /* D */
    int projected() const { return 3 * model() + inner; }           /* of the first product: q, k, v, and what enters the MLP */
    int mixed() const { return model() + inner; }                   /* what enters the second product */
    int weight_size() const { return weight_dtype == CTN_BF16 ? 2 : 4; }
    int64_t head_state() const { return (int64_t)head_dim * head_dim; }
    int64_t layer_state() const { return heads * head_state(); }
    int64_t slot_state() const { return layers * layer_state(); }   /* values of a state [L, H, V, K] */

    /* Entries of a tail: what lies between two multiples of fold_interval, and a short row more. Memory of every slot, so no larger. */
    int tail_capacity() const { return fold_interval + short_row_tokens <= 16 ? 16 : 32; }
    int64_t head_tail() const { return 2LL * tail_capacity() * head_dim; }
    int64_t layer_tail() const { return heads * head_tail(); }
    int64_t slot_tail() const { return layers * layer_tail(); }
};

/* The fault names the field, its value and what is allowed. */
ctn_status read_config(const ctn_engine_config *config, Dimensions *dimensions);

}  // namespace ctn
