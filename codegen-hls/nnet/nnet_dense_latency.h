#ifndef NNET_DENSE_LATENCY_H_
#define NNET_DENSE_LATENCY_H_

#include "nnet_dense.h"

namespace nnet {

// y[j] = Q(y_T, acc) (or what CONFIG_T::result makes of acc), acc = bias[j] + sum over ascending i of x[i] * weight[i][j]; every product and every partial sum is
// converted to CONFIG_T::accum_t. weight has n_in rows of n_out, raw integers.
template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
void dense_latency(const x_T x[CONFIG_T::n_in], y_T y[CONFIG_T::n_out],
                   const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    typedef typename CONFIG_T::accum_t accum_t;
    // Every product has a multiplier of its own, so every weight is read at once.
    NNET_PARTITION(weight)
    NNET_PARTITION(bias)
    accum_t acc[CONFIG_T::n_out];
    NNET_PARTITION(acc) // all sums grow side by side

    for (int j = 0; j < CONFIG_T::n_out; ++j) {
        acc[j] = cast<accum_t>(from_raw<typename CONFIG_T::bias_t>(bias[j]));
    }
    for (int i = 0; i < CONFIG_T::n_in; ++i) {
        for (int j = 0; j < CONFIG_T::n_out; ++j) {
            const accum_t term = CONFIG_T::times::template of<accum_t>(x[i], weight[i * CONFIG_T::n_out + j]);
            acc[j] = accum_t(acc[j] + term);
        }
    }
    for (int j = 0; j < CONFIG_T::n_out; ++j) {
        y[j] = CONFIG_T::result::template of<y_T>(acc[j]);
    }
}

} // namespace nnet

#endif
