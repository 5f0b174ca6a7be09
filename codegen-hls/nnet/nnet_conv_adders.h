#ifndef NNET_CONV_ADDERS_H_
#define NNET_CONV_ADDERS_H_

#include "nnet_conv.h"
#include "nnet_dense_adders.h"

namespace nnet {

// A position, or a row of a tensor, as a dense layer of distributed arithmetic.
struct position_adders {
    template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
    static void of(const x_T window[CONFIG_T::n_in], y_T y[CONFIG_T::n_out],
                   const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
        dense_adders<CONFIG_T>(window, y, weight, bias);
    }
};

} // namespace nnet

#endif
