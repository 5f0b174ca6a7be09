#ifndef NNET_DENSE_ADDERS_H_
#define NNET_DENSE_ADDERS_H_

#include "nnet_dense.h"

namespace nnet {

// y[j] = Q(y_T, acc), acc = bias[j] + the sum that CONFIG_T::adders makes of x, exactly: accum_t holds every value. The weights are
// in the adders; `weight` is not read.
template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
void dense_adders(const x_T x[CONFIG_T::n_in], y_T y[CONFIG_T::n_out], const weight_T *weight, const bias_T bias[CONFIG_T::n_out]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    typedef typename CONFIG_T::accum_t accum_t;
    NNET_PARTITION(bias)
    (void)weight;
    typename CONFIG_T::sum_t sum[CONFIG_T::n_out];
    NNET_PARTITION(sum) // all sums are there at once
    CONFIG_T::adders::of(x, sum);
    for (int j = 0; j < CONFIG_T::n_out; ++j) {
        const accum_t first = cast<accum_t>(from_raw<typename CONFIG_T::bias_t>(bias[j]));
        y[j] = cast<y_T>(accum_t(first + sum[j]));
    }
}

} // namespace nnet

#endif
