#include "dimensions.h"

#include "checked_size.h"

#include <cmath>

namespace ctn {

namespace {

constexpr int most_head_dim = 256;
constexpr int most_heads_of_all_layers = 1 << 24;
constexpr int most_columns = 1 << 24;
constexpr int most_step_tokens = 1 << 20;
constexpr int most_fold_interval = 16;
constexpr int any = 0x7fffffff;

ctn_status within(const char *name, int64_t value, int64_t low, int64_t high)
{
    if (value >= low && value <= high)
        return CTN_OK;
    return fail(CTN_INVALID_ARGUMENT, "%s is %lld; allowed: %lld to %lld", name, (long long)value, (long long)low, (long long)high);
}

ctn_status check_model(const ctn_engine_config &config)
{
    CTN_TRY(within("layers", config.layers, 1, any));
    CTN_TRY(within("heads", config.heads, 1, any));
    CTN_TRY(within("head_dim", config.head_dim, 2, most_head_dim));
    if (config.head_dim % 2 != 0)
        return fail(CTN_INVALID_ARGUMENT, "head_dim is %d; an even number is allowed", config.head_dim);
    CTN_TRY(within("rotary_dim", config.rotary_dim, 0, config.head_dim));
    if (config.rotary_dim % 2 != 0)
        return fail(CTN_INVALID_ARGUMENT, "rotary_dim is %d; an even number is allowed", config.rotary_dim);
    if (config.rotary_dim > 0 && config.turns == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "turns is null; rotary_dim %d needs %d values", config.rotary_dim, config.rotary_dim / 2);
    CTN_TRY(within("inner", config.inner, 1, most_columns));
    if (config.inner % 2 != 0)
        return fail(CTN_UNSUPPORTED, "inner is %d; an even number is served", config.inner);
    CTN_TRY(within("vocabulary", config.vocabulary, 1, any));
    CTN_TRY(within("tied_head", config.tied_head, 0, 1));
    if (!(config.layer_norm_epsilon > 0) || !((float)config.layer_norm_epsilon > 0) || !std::isfinite((float)config.layer_norm_epsilon))
        return fail(CTN_INVALID_ARGUMENT, "layer_norm_epsilon is %g; a positive float32 is allowed", config.layer_norm_epsilon);
    CTN_TRY(within("layers * heads", (int64_t)config.layers * config.heads, 1, most_heads_of_all_layers));
    return within("3 * heads * head_dim + inner", 3LL * config.heads * config.head_dim + config.inner, 1, most_columns);
}

ctn_status check_types(const ctn_engine_config &config)
{
    if (config.weight_dtype != CTN_F32 && config.weight_dtype != CTN_BF16)
        return fail(config.weight_dtype == CTN_F16 ? CTN_UNSUPPORTED : CTN_INVALID_ARGUMENT,
            "weight_dtype is %d; allowed: %d (f32), %d (bf16)", config.weight_dtype, CTN_F32, CTN_BF16);
    if (config.state_dtype != CTN_F32)
        return fail(config.state_dtype == CTN_F16 ? CTN_UNSUPPORTED : CTN_INVALID_ARGUMENT, "state_dtype is %d; allowed: %d (f32)",
            config.state_dtype, CTN_F32);
    return CTN_OK;
}

ctn_status check_step(const ctn_engine_config &config)
{
    CTN_TRY(within("slots", config.slots, 1, any));
    CTN_TRY(within("max_rows", config.max_rows, 1, most_step_tokens));
    CTN_TRY(within("max_tokens", config.max_tokens, config.max_rows, most_step_tokens));
    /* A launch's blocks: all heads of all rows, in the smallest tiles. */
    const int64_t heads = (int64_t)config.layers * config.heads * ((config.head_dim + 7) / 8);
    CTN_TRY(within("max_rows", config.max_rows, 1, any / heads));
    CTN_TRY(within("provisional_rows", config.provisional_rows, 0, config.max_rows));
    CTN_TRY(within("provisional_tokens", config.provisional_tokens, config.provisional_rows > 0 ? 1 : 0, short_row_tokens));
    CTN_TRY(within("fold_interval", config.fold_interval, 1, most_fold_interval));
    return within("chunk_tokens", config.chunk_tokens, 0, any);
}

}  // namespace

ctn_status read_config(const ctn_engine_config *config, Dimensions *dimensions)
{
    if (config == nullptr)
        return fail(CTN_INVALID_ARGUMENT, "config is null");
    if (config->struct_size != (int32_t)sizeof *config)
        return fail(CTN_INVALID_ARGUMENT, "config.struct_size is %d; this library's is %zu", config->struct_size, sizeof *config);
    CTN_TRY(check_model(*config));
    CTN_TRY(check_types(*config));
    CTN_TRY(check_step(*config));

    Dimensions &d = *dimensions;
    d.device = config->device;
    d.layers = config->layers;
    d.heads = config->heads;
    d.head_dim = config->head_dim;
    d.rotary_dim = config->rotary_dim;
    d.inner = config->inner;
    d.vocabulary = config->vocabulary;
    d.tied_head = config->tied_head != 0;
    d.epsilon = (float)config->layer_norm_epsilon;
    d.turns.assign(config->turns, config->turns + (config->turns == nullptr ? 0 : config->rotary_dim / 2));
    d.weight_dtype = config->weight_dtype;
    d.slots = config->slots;
    d.max_rows = config->max_rows;
    d.max_tokens = config->max_tokens;
    d.provisional_rows = config->provisional_rows;
    d.provisional_tokens = config->provisional_tokens;
    d.fold_interval = config->fold_interval;
    d.chunk_tokens = config->chunk_tokens;
    return CTN_OK;
}

}  // namespace ctn
