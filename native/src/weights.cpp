#include "weights.h"

#include "rounding.h"

#include <algorithm>
#include <cstring>

namespace ctn {

namespace {
/* Rows are brought over in portions of about so many bytes. */
constexpr int64_t staging_bytes = 4 << 20;

/* Every layer's part begins at such an address, as the products like it. */
constexpr int64_t alignment = 256;

CheckedSize aligned(const CheckedSize &bytes)
{
    const CheckedSize padded = bytes + (alignment - 1);
    return padded.overflows() ? padded : padded + -(padded.value() % alignment);
}

}  // namespace

Weights::Weights(const Dimensions &dimensions) : dimensions_(dimensions)
{
    const int d = dimensions.model();
    tensors_ = {
        tensor("CTN_EMBEDDING", dimensions.vocabulary, d, true, false),
        tensor("CTN_NORM_WEIGHT", 1, d, false, true),
        tensor("CTN_NORM_BIAS", 1, d, false, true),
        tensor("CTN_QUERY", d, d, true, true),
        tensor("CTN_KEY", d, d, true, true),
        tensor("CTN_VALUE", d, d, true, true),
        tensor("CTN_SIGMA", 1, dimensions.heads, false, true),
        tensor("CTN_ATTENTION_OUT", d, d, true, true),
        tensor("CTN_MLP_IN", dimensions.inner, d, true, true),
        tensor("CTN_MLP_IN_BIAS", 1, dimensions.inner, false, true),
        tensor("CTN_MLP_OUT", d, dimensions.inner, true, true),
        tensor("CTN_MLP_OUT_BIAS", 1, d, false, true),
        tensor("CTN_FINAL_NORM_WEIGHT", 1, d, false, false),
        tensor("CTN_FINAL_NORM_BIAS", 1, d, false, false),
        tensor("CTN_HEAD", dimensions.tied_head ? 0 : dimensions.vocabulary, d, true, false),
        tensor("CTN_HEAD_BIAS", 1, dimensions.vocabulary, false, false),
    };
    place();
}

Weights::Tensor Weights::tensor(const char *name, int rows, int columns, bool is_matrix, bool is_of_layer) const
{
    Tensor tensor;
    tensor.name = name;
    tensor.rows = rows;
    tensor.columns = columns;
    tensor.type = is_matrix ? dimensions_.weight_dtype : CTN_F32;
    tensor.is_of_layer = is_of_layer;
    return tensor;
}

/* Tensors of their own lie one after the other, layer after layer; those that are multiplied together share a matrix. */
void Weights::place()
{
    const int64_t layers = dimensions_.layers;
    place_layers(layers);
    for (Tensor &tensor : tensors_) {
        if (tensor.row_bytes != 0)
            continue;
        const CheckedSize row = CheckedSize(tensor.columns) * tensor.value_size();
        tensor.row_bytes = row.value();
        /* Those of all layers' heads are folded as one. */
        const CheckedSize of_layer = &tensor == &tensors_[CTN_SIGMA] ? row : aligned(row * tensor.rows);
        tensor.layer_bytes = of_layer.value();
        tensor.offset = carving_.piece(of_layer * (tensor.is_of_layer ? layers : 1));
    }
    turns_ = carving_.piece((int64_t)dimensions_.turns.size() * 8);
}

void Weights::place_layers(int64_t layers)
{
    const int64_t d = dimensions_.model();
    const int64_t value = dimensions_.weight_size();
    const CheckedSize in_layer = aligned(CheckedSize(dimensions_.projected()) * d * value);
    const CheckedSize out_layer = aligned(CheckedSize(dimensions_.mixed()) * d * value);
    in_ = carving_.piece(in_layer * layers);
    out_ = carving_.piece(out_layer * layers);

    const ctn_tensor rows_of_in[] = {CTN_QUERY, CTN_KEY, CTN_VALUE, CTN_MLP_IN};
    for (int i = 0; i < 4; i++) {
        Tensor &tensor = tensors_[rows_of_in[i]];
        tensor.offset = in_ + i * d * d * value;
        tensor.layer_bytes = in_layer.value();
        tensor.row_bytes = d * value;
    }
    const ctn_tensor columns_of_out[] = {CTN_ATTENTION_OUT, CTN_MLP_OUT};
    for (int i = 0; i < 2; i++) {
        Tensor &tensor = tensors_[columns_of_out[i]];
        tensor.offset = out_ + i * d * value;
        tensor.layer_bytes = out_layer.value();
        tensor.row_bytes = dimensions_.mixed() * value;
    }
}

ctn_status Weights::take(Stream stream)
{
    for (Tensor &tensor : tensors_) {
        tensor.missing = (int64_t)tensor.rows * (tensor.is_of_layer ? dimensions_.layers : 1);
        tensor.written.assign((size_t)tensor.missing, false);
    }
    CTN_TRY(memory_.take(bytes().value(), "the weights"));
    const int64_t widest = std::max({dimensions_.model(), dimensions_.mixed(), dimensions_.vocabulary});
    CTN_TRY(staging_.take(std::max(staging_bytes, widest * 4), "bringing the weights over"));
    const size_t turns = dimensions_.turns.size() * sizeof(uint64_t);
    if (turns == 0)
        return CTN_OK;
    std::memcpy(staging_.get(), dimensions_.turns.data(), turns);
    CTN_TRY(copy(memory_.at(turns_), staging_.get(), turns, stream));
    return synchronize(stream);
}

ctn_status Weights::check(ctn_tensor number, int layer, int first_row, int rows, const float *values) const
{
    if (is_sealed_)
        return fail(CTN_INVALID_ARGUMENT, "the engine is sealed; weights are written before that");
    if (number < 0 || number >= tensor_count)
        return fail(CTN_INVALID_ARGUMENT, "tensor is %d; allowed: 0 to %d", number, tensor_count - 1);
    const Tensor &tensor = tensors_[number];
    const int layers = tensor.is_of_layer ? dimensions_.layers : 1;
    if (layer < 0 || layer >= layers)
        return fail(CTN_INVALID_ARGUMENT, "layer of %s is %d; allowed: 0 to %d", tensor.name, layer, layers - 1);
    if (tensor.rows == 0)
        return fail(CTN_INVALID_ARGUMENT, "%s is the embedding in a model with tied_head 1", tensor.name);
    if (first_row < 0 || first_row > tensor.rows)
        return fail(CTN_INVALID_ARGUMENT, "first_row of %s is %d; allowed: 0 to %d", tensor.name, first_row, tensor.rows);
    if (rows < 0 || rows > tensor.rows - first_row)
        return fail(CTN_INVALID_ARGUMENT, "rows of %s is %d from row %d on; allowed: 0 to %d", tensor.name, rows, first_row,
            tensor.rows - first_row);
    if (values == nullptr && rows > 0)
        return fail(CTN_INVALID_ARGUMENT, "values is null");
    return CTN_OK;
}

ctn_status Weights::write(ctn_tensor number, int layer, int first_row, int rows, const float *values, Stream stream)
{
    CTN_TRY(check(number, layer, first_row, rows, values));
    Tensor &tensor = tensors_[number];
    const int64_t columns = tensor.columns;
    const int64_t portion = std::max<int64_t>(1, staging_bytes / (columns * tensor.value_size()));
    for (int64_t row = 0; row < rows; row += portion) {
        const int64_t count = std::min(portion, rows - row);
        const float *const source = values + row * columns;
        if (tensor.type == CTN_BF16)
            round_to_bf16(source, count * columns, staging_.at<uint16_t>(0));
        else
            std::memcpy(staging_.get(), source, (size_t)(count * columns * 4));
        CTN_TRY(copy_rows(memory_.at(tensor.offset + layer * tensor.layer_bytes + (first_row + row) * tensor.row_bytes),
            (size_t)tensor.row_bytes, staging_.get(), (size_t)(columns * tensor.value_size()), (size_t)count, stream));
        CTN_TRY(synchronize(stream));
    }
    for (int64_t row = (int64_t)layer * tensor.rows + first_row, last = row + rows; row < last; row++) {
        tensor.missing -= tensor.written[(size_t)row] ? 0 : 1;
        tensor.written[(size_t)row] = true;
    }
    return CTN_OK;
}

ctn_status Weights::check_complete() const
{
    if (is_sealed_)
        return fail(CTN_INVALID_ARGUMENT, "the engine is sealed already");
    for (const Tensor &tensor : tensors_)
        if (tensor.missing > 0)
            return describe_missing(tensor);
    return CTN_OK;
}

void Weights::seal()
{
    for (Tensor &tensor : tensors_)
        std::vector<bool>().swap(tensor.written);
    staging_.reset();
    is_sealed_ = true;
}

ctn_status Weights::describe_missing(const Tensor &tensor) const
{
    const auto first = (int64_t)(std::find(tensor.written.begin(), tensor.written.end(), false) - tensor.written.begin());
    return fail(CTN_INVALID_ARGUMENT, "%s was never written: row %lld of layer %lld is the first of %lld missing rows", tensor.name,
        (long long)(first % tensor.rows), (long long)(first / tensor.rows), (long long)tensor.missing);
}

LayerWeights Weights::layer(int layer) const
{
    const auto vector = [&](ctn_tensor number) {
        return memory_.at<float>(tensors_[number].offset + layer * tensors_[number].layer_bytes);
    };
    return {
        vector(CTN_NORM_WEIGHT),
        vector(CTN_NORM_BIAS),
        memory_.at(in_ + layer * tensors_[CTN_QUERY].layer_bytes),
        vector(CTN_MLP_IN_BIAS),
        memory_.at(out_ + layer * tensors_[CTN_ATTENTION_OUT].layer_bytes),
        vector(CTN_MLP_OUT_BIAS),
        vector(CTN_SIGMA),
    };
}

}  // namespace ctn
