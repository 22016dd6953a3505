/* The rows of a step: checked, sorted by the kernel that runs them, and written into a descriptor. Allocates nothing after take. */
#pragma once

#include "arena.h"
#include "buckets.h"
#include "descriptor.h"

namespace ctn {

/* A step as the caller gives it. */
struct StepRequest {
    const ctn_row *rows;
    int row_count;
    const int32_t *tokens;
    int token_count;
    const ctn_draw *draws;
    int last_logits = 0;  /* rows of logits of the last step that had any */
};

class StepPlan {
public:
    StepPlan(const Dimensions &dimensions, const Buckets &token_buckets, const Buckets &logits_buckets);

    /* Takes the host memory that every step will need. */
    void take();

    /* Says what is wrong with a request, and changes nothing but what the next arrange reads. */
    ctn_status check(const StepRequest &request);

    /* Sorts the rows of the request that was checked, and moves the arena's tails on. */
    void arrange(const StepRequest &request, Arena &arena);

    /* Of the arranged step: with padding to a recorded graph's size where it can run as one. */
    const StepShape &shape() const { return shape_; }
    bool is_graph() const { return is_graph_; }
    int logits() const { return logits_; }

    /* Writes the arranged step. */
    void write(const StepRequest &request, char *descriptor, const DescriptorLayout &layout);

    /* The shape of a graph of so many tokens, in rows of up to short_row_tokens. */
    StepShape graph_shape(int tokens) const;

    /* Of a step of so many tokens with rows of every kind, as many of each as there may be. */
    StepShape shape_of_every_kind(int tokens) const;

private:
    /* A row of the request with what the arena says of its slot. */
    struct Planned {
        int row;
        int tail_length;
        bool folds;
    };

    struct Fold {
        int slot;
        int64_t position;
        int tail_length;
    };

    ctn_status check_row(const StepRequest &request, int number);
    ctn_status check_tokens(const StepRequest &request, int number) const;
    bool runs_ahead(const StepRequest &request, int number) const;
    ctn_status check_draws(const StepRequest &request) const;
    void plan_row(const ctn_row &row, int number, Arena &arena);
    void plan_short(const ctn_row &row, int number, Arena &arena);
    void fold_before(int slot, Arena::Tail &tail);
    void choose_shape(const StepRequest &request);
    int write_rows(const StepRequest &request, const std::vector<Planned> &planned, int first_token, char *descriptor,
        const RowArrays &arrays, int32_t *tokens);
    bool is_chunk(const ctn_row &row) const;

    const Dimensions &dimensions_;
    const Buckets &token_buckets_;
    const Buckets &logits_buckets_;
    std::vector<uint32_t> seen_;      /* [slots] number of the last request that named it */
    uint32_t request_ = 0;
    std::vector<int> first_token_;    /* [rows] in the request */
    std::vector<int> place_;          /* [rows] of its first token in the descriptor */
    std::vector<Planned> short_rows_, long_rows_, chunk_rows_;
    std::vector<Fold> folds_;
    StepShape shape_;
    int logits_ = 0;
    int provisional_ = 0;             /* rows, those that run ahead among them */
    bool is_graph_ = false;
};

}  // namespace ctn
