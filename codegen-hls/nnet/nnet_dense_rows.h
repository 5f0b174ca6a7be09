#ifndef NNET_DENSE_ROWS_H_
#define NNET_DENSE_ROWS_H_

#include "nnet_conv.h"

namespace nnet {

// A dense layer on the last axis of a tensor of `rows` rows: CONFIG_T::position of every row.
template <class CONFIG_T, int rows, class x_T, class y_T, class weight_T, class bias_T>
void dense_rows(const x_T x[rows * CONFIG_T::n_in], y_T y[rows * CONFIG_T::n_out],
                const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    for (int row = 0; row < rows; ++row) {
        x_T from[CONFIG_T::n_in];
        y_T to[CONFIG_T::n_out];
        NNET_PARTITION(from) // the products of a row read all its values at once
        NNET_PARTITION(to)
        for (int i = 0; i < CONFIG_T::n_in; ++i) {
            from[i] = x[row * CONFIG_T::n_in + i];
        }
        conv_position<CONFIG_T>(from, to, weight, bias);
        for (int j = 0; j < CONFIG_T::n_out; ++j) {
            y[row * CONFIG_T::n_out + j] = to[j];
        }
    }
}

} // namespace nnet

#endif
