#include "forward.h"

#include "step_kernels.h"

#include <string>

namespace ctn {

namespace {
/* In the order in which open adds them. */
enum : int { InProduct, OutProduct, HeadProduct };
}

Forward::Forward(const Dimensions &dimensions, const Buckets &token_buckets, const Buckets &logits_buckets, const Weights &weights,
    const Arena &arena, const StepBuffers &buffers)
    : dimensions_(dimensions),
      token_buckets_(token_buckets),
      logits_buckets_(logits_buckets),
      weights_(weights),
      arena_(arena),
      buffers_(buffers)
{
}

ctn_status Forward::open()
{
    const Dimensions &d = dimensions_;
    CTN_TRY(gemm_.open());
    CTN_TRY(gemm_.add({d.projected(), d.model(), d.weight_dtype, d.weight_dtype, false, false}, token_buckets_.sizes()));
    CTN_TRY(gemm_.add({d.model(), d.mixed(), d.weight_dtype, CTN_F32, true, true}, token_buckets_.sizes()));
    return gemm_.add({d.vocabulary, d.model(), d.weight_dtype, CTN_F32, false, true}, logits_buckets_.sizes());
}

ctn_status Forward::enqueue(const StepShape &shape, const DescriptorLayout &layout, int logits, Stream stream)
{
    if (shape.tokens == 0)
        return CTN_OK;
    const char *const descriptor = buffers_.descriptor();
    CTN_TRY(fold(shape, layout, stream));
    CTN_TRY(embed(reinterpret_cast<const int32_t *>(descriptor + layout.tokens), buffers_.drawn(), shape.tokens, dimensions_.model(),
        weights_.embedding(), dimensions_.weight_dtype, buffers_.residual(), stream));
    for (int layer = 0; layer < dimensions_.layers; layer++)
        CTN_TRY(run_layer(layer, shape, layout, stream));
    return shape.logits == 0 ? CTN_OK : finish(shape, layout, buffers_.logits(logits), stream);
}

/* The tails of slots whose row goes on past them. All layers' heads are one launch's. */
ctn_status Forward::fold(const StepShape &shape, const DescriptorLayout &layout, Stream stream) const
{
    if (shape.folds == 0)
        return CTN_OK;
    ctn_recurrent launch = this->launch(-1, shape.folds, layout.folds, 0);
    launch.o_stride = (int64_t)launch.heads * launch.head_dim;
    launch.row_stride = 3 * launch.o_stride;
    launch.k_offset = launch.o_stride;
    launch.v_offset = 2 * launch.o_stride;
    return ctn_tail(&launch, stream);
}

ctn_status Forward::run_layer(int layer, const StepShape &shape, const DescriptorLayout &layout, Stream stream)
{
    const LayerWeights weights = weights_.layer(layer);
    const Dimensions &d = dimensions_;
    const int bucket = token_buckets_.index_of(shape.tokens);
    CTN_TRY(layer_norm({buffers_.residual(), nullptr, shape.tokens, d.model(), weights.norm_weight, weights.norm_bias, d.epsilon,
        buffers_.normed(), d.weight_dtype}, stream));
    CTN_TRY(gemm_.run(
        InProduct, bucket, weights.in, buffers_.normed(), buffers_.projected(), nullptr, buffers_.gemm_workspace(), stream));
    CTN_TRY(mix(layer, shape, layout, stream));

    const int64_t value = d.weight_size();
    CTN_TRY(activate({static_cast<char *>(buffers_.projected()) + 3 * d.model() * value, d.projected(), weights.in_bias,
        static_cast<char *>(buffers_.mixed()) + d.model() * value, d.mixed(), shape.tokens, d.inner, d.weight_dtype}, stream));
    return gemm_.run(OutProduct, bucket, weights.out, buffers_.mixed(), buffers_.residual(), weights.out_bias,
        buffers_.gemm_workspace(), stream);
}

/* The recurrence of a layer. The kinds of rows share nothing, so their order is of no matter. */
ctn_status Forward::mix(int layer, const StepShape &shape, const DescriptorLayout &layout, Stream stream) const
{
    if (shape.short_rows > 0) {
        const ctn_recurrent launch = this->launch(layer, shape.short_rows, layout.short_rows, shape.most_short);
        CTN_TRY(ctn_tail(&launch, stream));
    }
    if (shape.long_rows > 0) {
        const ctn_recurrent launch = this->launch(layer, shape.long_rows, layout.long_rows, shape.most_long);
        CTN_TRY(ctn_fused_recurrent(&launch, stream));
    }
    if (shape.chunk_rows > 0) {
        const ctn_recurrent launch = this->launch(layer, shape.chunk_rows, layout.chunk_rows, shape.most_chunk);
        CTN_TRY(ctn_chunk(&launch, shape.chunk_tokens, buffers_.chunk_workspace(), stream));
    }
    return CTN_OK;
}

ctn_recurrent Forward::launch(int layer, int rows, const RowArrays &arrays, int most_tokens) const
{
    const char *const descriptor = buffers_.descriptor();
    const int64_t model = dimensions_.model();
    ctn_recurrent launch = arena_.launch(layer, rows);
    launch.max_row_tokens = most_tokens;
    launch.qkv = buffers_.projected();
    launch.row_stride = dimensions_.projected();
    launch.k_offset = model;
    launch.v_offset = 2 * model;
    launch.o = buffers_.mixed();
    launch.o_stride = dimensions_.mixed();
    launch.slot = reinterpret_cast<const int32_t *>(descriptor + arrays.slot);
    launch.token_begin = reinterpret_cast<const int32_t *>(descriptor + arrays.token_begin);
    launch.position = reinterpret_cast<const int64_t *>(descriptor + arrays.position);
    launch.sigma = weights_.sigma() + (layer < 0 ? 0 : layer * dimensions_.heads);
    launch.turns = dimensions_.turns.empty() ? nullptr : weights_.turns();
    launch.tail_length = reinterpret_cast<const int32_t *>(descriptor + arrays.tail_length);
    launch.fold = reinterpret_cast<const int32_t *>(descriptor + arrays.fold);
    return launch;
}

/* The final norm of the tokens that want logits, the head, and the draws. */
ctn_status Forward::finish(const StepShape &shape, const DescriptorLayout &layout, float *logits, Stream stream)
{
    const char *const descriptor = buffers_.descriptor();
    const Dimensions &d = dimensions_;
    CTN_TRY(layer_norm({buffers_.residual(), reinterpret_cast<const int32_t *>(descriptor + layout.gather), shape.logits, d.model(),
        weights_.final_norm_weight(), weights_.final_norm_bias(), d.epsilon, buffers_.normed(), d.weight_dtype}, stream));
    CTN_TRY(gemm_.run(HeadProduct, logits_buckets_.index_of(shape.logits), weights_.head(), buffers_.normed(), logits,
        weights_.head_bias(), buffers_.gemm_workspace(), stream));
    return draw(logits, shape.logits, d.vocabulary, reinterpret_cast<const ctn_draw *>(descriptor + layout.draws),
        buffers_.drawn(), stream);
}

ctn_status Forward::chunk_workspace_bytes(const Dimensions &dimensions, int64_t *bytes)
{
    *bytes = 0;
    if (dimensions.chunk_tokens == 0 || dimensions.most_chunk_rows() == 0)
        return CTN_OK;
    /* Only sizes are asked for, so that any memory will do. */
    alignas(16) static char nothing[16];
    const int64_t model = dimensions.model();
    ctn_recurrent launch = {};
    launch.struct_size = sizeof launch;
    launch.rows = dimensions.most_chunk_rows();
    launch.heads = dimensions.heads;
    launch.head_dim = dimensions.head_dim;
    launch.dtype = dimensions.weight_dtype;
    launch.state_dtype = CTN_F32;
    launch.max_row_tokens = dimensions.max_tokens;
    launch.qkv = launch.o = launch.state = nothing;
    launch.slot = reinterpret_cast<const int32_t *>(nothing);
    launch.position = reinterpret_cast<const int64_t *>(nothing);
    launch.sigma = reinterpret_cast<const float *>(nothing);
    launch.row_stride = dimensions.projected();
    launch.k_offset = model;
    launch.v_offset = 2 * model;
    launch.o_stride = dimensions.mixed();
    launch.slot_stride = dimensions.slot_state();
    launch.head_stride = dimensions.head_state();
    *bytes = ctn_chunk_workspace(&launch, dimensions.max_tokens);
    if (*bytes >= 0)
        return CTN_OK;
    const std::string reason = ctn_last_message();
    return fail(CTN_UNSUPPORTED, "chunk_tokens is %d; 0 is served: %s", dimensions.chunk_tokens, reason.c_str());
}

}  // namespace ctn
