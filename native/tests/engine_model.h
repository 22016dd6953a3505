/* Small random models, and the same models in double precision: what the engine's tests compare with. */
#pragma once

#include "../include/cottention.h"
#include "test.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace test {

struct Sizes {
    int layers = 2, heads = 2, head_dim = 16, rotary_dim = 8, inner = 24, vocabulary = 50;
    bool tied_head = false;

    int model() const { return heads * head_dim; }
    size_t state() const { return (size_t)layers * heads * head_dim * head_dim; }
};

struct Tensor {
    int rows, columns;
    std::vector<float> values;

    float at(int row, int column) const { return values[(size_t)row * columns + column]; }
};

class Model {
public:
    explicit Model(const Sizes &sizes, unsigned seed = 1) : sizes(sizes), random_(seed)
    {
        const int d = sizes.model();
        for (int layer = 0; layer < sizes.layers; layer++) {
            std::vector<Tensor> tensors(CTN_HEAD_BIAS + 1);
            tensors[CTN_NORM_WEIGHT] = tensor(1, d, 0.2, 1);
            tensors[CTN_NORM_BIAS] = tensor(1, d, 0.1);
            for (const ctn_tensor square : {CTN_QUERY, CTN_KEY, CTN_VALUE, CTN_ATTENTION_OUT})
                tensors[square] = tensor(d, d, 1.7 / std::sqrt(d));
            tensors[CTN_SIGMA] = tensor(1, sizes.heads, 0.3, 0.6);
            tensors[CTN_MLP_IN] = tensor(sizes.inner, d, 1.7 / std::sqrt(d));
            tensors[CTN_MLP_IN_BIAS] = tensor(1, sizes.inner, 0.1);
            tensors[CTN_MLP_OUT] = tensor(d, sizes.inner, 1.7 / std::sqrt(sizes.inner));
            tensors[CTN_MLP_OUT_BIAS] = tensor(1, d, 0.1);
            layers.push_back(std::move(tensors));
        }
        layers[0][CTN_EMBEDDING] = tensor(sizes.vocabulary, d, 1);
        layers[0][CTN_FINAL_NORM_WEIGHT] = tensor(1, d, 0.2, 1);
        layers[0][CTN_FINAL_NORM_BIAS] = tensor(1, d, 0.1);
        layers[0][CTN_HEAD] = sizes.tied_head ? layers[0][CTN_EMBEDDING] : tensor(sizes.vocabulary, d, 3 / std::sqrt(d));
        layers[0][CTN_HEAD_BIAS] = tensor(1, sizes.vocabulary, 0.3);
        for (int i = 0; i < sizes.rotary_dim / 2; i++)
            turns.push_back((uint64_t)(std::pow(10000.0, -2.0 * i / sizes.rotary_dim) / (2 * M_PI) * 0x1p64));
    }

    static bool is_of_layer(ctn_tensor tensor) { return tensor >= CTN_NORM_WEIGHT && tensor <= CTN_MLP_OUT_BIAS; }

    /* Writes every tensor but one, in portions of some rows. */
    void write(ctn_engine *engine, ctn_tensor except = -1) const
    {
        for (int layer = 0; layer < sizes.layers; layer++)
            for (ctn_tensor number = 0; number <= CTN_HEAD_BIAS; number++) {
                const Tensor &tensor = layers[layer][number];
                if (number == except || (layer > 0 && !is_of_layer(number)) || (number == CTN_HEAD && sizes.tied_head))
                    continue;
                for (int row = 0; row < tensor.rows; row += 7) {
                    const int rows = std::min(7, tensor.rows - row);
                    CHECK_OK(ctn_engine_write_tensor(engine, number, layer, row, rows, &tensor.values[(size_t)row * tensor.columns]));
                }
            }
    }

    Sizes sizes;
    std::vector<std::vector<Tensor>> layers;
    std::vector<uint64_t> turns;

private:
    Tensor tensor(int rows, int columns, double range, double middle = 0)
    {
        std::uniform_real_distribution<double> uniform(middle - range, middle + range);
        Tensor made = {rows, columns, {}};
        for (int i = 0; i < rows * columns; i++)
            made.values.push_back((float)uniform(random_));
        return made;
    }

    std::mt19937 random_;
};

/* One session of a model, one token at a time, in double. */
class Reference {
public:
    explicit Reference(const Model &model) : state(model.sizes.state()), model_(model) {}

    std::vector<double> step(int token)
    {
        const Sizes &s = model_.sizes;
        std::vector<double> x;
        for (int i = 0; i < s.model(); i++)
            x.push_back(model_.layers[0][CTN_EMBEDDING].at(token, i));
        for (int layer = 0; layer < s.layers; layer++) {
            const std::vector<Tensor> &w = model_.layers[layer];
            const auto h = norm(x, w[CTN_NORM_WEIGHT], w[CTN_NORM_BIAS]);
            const auto attended = times(w[CTN_ATTENTION_OUT], attend(layer, h), nullptr);
            auto inner = times(w[CTN_MLP_IN], h, &w[CTN_MLP_IN_BIAS]);
            for (double &t : inner)
                t = 0.5 * t * (1 + std::tanh(std::sqrt(2 / M_PI) * (t + 0.044715 * t * t * t)));
            const auto fed = times(w[CTN_MLP_OUT], inner, &w[CTN_MLP_OUT_BIAS]);
            for (int i = 0; i < s.model(); i++)
                x[i] += attended[i] + fed[i];
        }
        position++;
        const std::vector<Tensor> &w = model_.layers[0];
        return times(w[CTN_HEAD], norm(x, w[CTN_FINAL_NORM_WEIGHT], w[CTN_FINAL_NORM_BIAS]), &w[CTN_HEAD_BIAS]);
    }

    int64_t position = 0;
    std::vector<double> state;  /* [L, H, V, K] */

private:
    std::vector<double> attend(int layer, const std::vector<double> &h)
    {
        const Sizes &s = model_.sizes;
        const std::vector<Tensor> &w = model_.layers[layer];
        auto q = times(w[CTN_QUERY], h, nullptr);
        auto k = times(w[CTN_KEY], h, nullptr);
        auto v = times(w[CTN_VALUE], h, nullptr);
        std::vector<double> o(s.model());
        for (int head = 0; head < s.heads; head++) {
            const int first = head * s.head_dim;
            prepare(&q[first]);
            prepare(&k[first]);
            const double divisor = std::pow((double)(position + 1), (double)w[CTN_SIGMA].at(0, head));
            double *const own = &state[((size_t)layer * s.heads + head) * s.head_dim * s.head_dim];
            for (int row = 0; row < s.head_dim; row++)
                for (int column = 0; column < s.head_dim; column++) {
                    own[row * s.head_dim + column] += v[first + row] / divisor * k[first + column];
                    o[first + row] += own[row * s.head_dim + column] * q[first + column];
                }
        }
        return o;
    }

    /* Rotates and divides by the norm. */
    void prepare(double *vector) const
    {
        for (int i = 0; i < model_.sizes.rotary_dim / 2; i++) {
            const double angle = (double)(model_.turns[i] * (uint64_t)position) * 0x1p-64 * 2 * M_PI;
            const double x = vector[2 * i], y = vector[2 * i + 1];
            vector[2 * i] = x * std::cos(angle) - y * std::sin(angle);
            vector[2 * i + 1] = y * std::cos(angle) + x * std::sin(angle);
        }
        double squares = 0;
        for (int i = 0; i < model_.sizes.head_dim; i++)
            squares += vector[i] * vector[i];
        for (int i = 0; i < model_.sizes.head_dim; i++)
            vector[i] /= std::sqrt(squares);
    }

    static std::vector<double> times(const Tensor &w, const std::vector<double> &x, const Tensor *bias)
    {
        std::vector<double> y(w.rows);
        for (int row = 0; row < w.rows; row++) {
            y[row] = bias == nullptr ? 0 : bias->at(0, row);
            for (int column = 0; column < w.columns; column++)
                y[row] += w.at(row, column) * x[column];
        }
        return y;
    }

    static std::vector<double> norm(const std::vector<double> &x, const Tensor &weight, const Tensor &bias)
    {
        double mean = 0, variance = 0;
        for (const double value : x)
            mean += value / (double)x.size();
        for (const double value : x)
            variance += (value - mean) * (value - mean) / (double)x.size();
        std::vector<double> y;
        for (size_t i = 0; i < x.size(); i++)
            y.push_back((x[i] - mean) / std::sqrt(variance + 1e-5) * weight.at(0, (int)i) + bias.at(0, (int)i));
        return y;
    }

    const Model &model_;
};

}  // namespace test
