/* The model's weights on the device, in the shapes in which a step multiplies them. */
#pragma once

#include "checked_size.h"
#include "dimensions.h"
#include "owned.h"

namespace ctn {

/* Pointers of one layer. W is the weights' type; vectors are f32. */
struct LayerWeights {
    const float *norm_weight, *norm_bias;  /* [D] */
    const void *in;                        /* [3D + M, D]: rows of q, k, v, fc_in */
    const float *in_bias;                  /* [M], of fc_in */
    const void *out;                       /* [D, D + M]: columns of out_proj, then of fc_out */
    const float *out_bias;                 /* [D], of fc_out */
    const float *sigma;                    /* [H] */
};

class Weights {
public:
    explicit Weights(const Dimensions &dimensions);

    /* Bytes of device memory. */
    const CheckedSize &bytes() const { return carving_.bytes(); }

    /* Takes the memory, and writes what is known already. */
    ctn_status take(Stream stream);

    /* Rounds rows to the tensor's type and brings them over; the values are free when it returns. */
    ctn_status write(ctn_tensor tensor, int layer, int first_row, int rows, const float *values, Stream stream);

    /* CTN_INVALID_ARGUMENT with the first row that was never written. */
    ctn_status check_complete() const;

    /* Nothing can be written any more. */
    void seal();
    bool is_sealed() const { return is_sealed_; }

    LayerWeights layer(int layer) const;
    const void *embedding() const { return memory_.at(tensors_[CTN_EMBEDDING].offset); }
    const void *head() const { return memory_.at(tensors_[dimensions_.tied_head ? CTN_EMBEDDING : CTN_HEAD].offset); }
    const float *head_bias() const { return memory_.at<float>(tensors_[CTN_HEAD_BIAS].offset); }
    const float *final_norm_weight() const { return memory_.at<float>(tensors_[CTN_FINAL_NORM_WEIGHT].offset); }
    const float *final_norm_bias() const { return memory_.at<float>(tensors_[CTN_FINAL_NORM_BIAS].offset); }
    /* [L, H], without gaps. */
    const float *sigma() const { return memory_.at<float>(tensors_[CTN_SIGMA].offset); }
    const uint64_t *turns() const { return memory_.at<uint64_t>(turns_); }

private:
    static constexpr int tensor_count = CTN_HEAD_BIAS + 1;

    /* Where a tensor lies: the row r of layer l at offset + l * layer_bytes + r * row_bytes. */
    struct Tensor {
        const char *name;
        int rows, columns;
        ctn_dtype type;
        bool is_of_layer;
        int64_t offset = 0, layer_bytes = 0, row_bytes = 0;
        std::vector<bool> written;  /* [layers or 1][rows] */
        int64_t missing = 0;

        int value_size() const { return type == CTN_BF16 ? 2 : 4; }
    };

    Tensor tensor(const char *name, int rows, int columns, bool is_matrix, bool is_of_layer) const;
    void place();
    void place_layers(int64_t layers);
    ctn_status check(ctn_tensor tensor, int layer, int first_row, int rows, const float *values) const;
    ctn_status describe_missing(const Tensor &tensor) const;

    const Dimensions &dimensions_;
    std::vector<Tensor> tensors_;
    Carving carving_;
    int64_t in_ = 0, out_ = 0, turns_ = 0;
    DeviceMemory memory_;
    PinnedMemory staging_;
    bool is_sealed_ = false;
};

}  // namespace ctn
