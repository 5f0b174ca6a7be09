#ifndef NNET_CONV_H_
#define NNET_CONV_H_

// A convolution at one position of its window.

#include "nnet_common.h"

namespace nnet {

// The y of one position: CONFIG_T::n_out values out of the CONFIG_T::n_window values of the window, which lie in the order
// (kernel row, kernel column, channel) and are 0 in the padding.
//
// CONFIG_T::position computes it: position_latency, position_resource or position_grouped, each in a header of its own.
template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
void conv_position(const x_T window[CONFIG_T::n_window], y_T y[CONFIG_T::n_out],
                   const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
    NNET_INLINE // so that the caller's PIPELINE reaches the product
    CONFIG_T::position::template of<CONFIG_T>(window, y, weight, bias);
}

} // namespace nnet

#endif
