#ifndef NNET_BATCHNORM_H_
#define NNET_BATCHNORM_H_

#include "nnet_common.h"

namespace nnet {

// y[i] = Q(y_T, x[i] * scale[c] + bias[c]), c = i % channels: one exact expression, one conversion. scale and bias are raw
// integers of CONFIG_T::scale_t and CONFIG_T::bias_t.
template <class CONFIG_T, class x_T, class y_T, class scale_T, class bias_T>
void batchnorm(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n], const scale_T scale[CONFIG_T::channels],
               const bias_T bias[CONFIG_T::channels]) {
    NNET_INLINE // so that the top function's PIPELINE reaches this loop
    NNET_PARTITION(scale) // all elements are computed at once
    NNET_PARTITION(bias)
    for (int i = 0; i < CONFIG_T::n; ++i) {
        const int c = i % CONFIG_T::channels;
        const typename CONFIG_T::scale_t s = from_raw<typename CONFIG_T::scale_t>(scale[c]);
        const typename CONFIG_T::bias_t b = from_raw<typename CONFIG_T::bias_t>(bias[c]);
        y[i] = cast<y_T>(x[i] * s + b);
    }
}

} // namespace nnet

#endif
