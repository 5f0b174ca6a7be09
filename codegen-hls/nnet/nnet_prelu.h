#ifndef NNET_PRELU_H_
#define NNET_PRELU_H_

#include "nnet_common.h"

namespace nnet {

// y[i] = x[i] where that is positive, slope[i % slopes] * x[i] elsewhere; slope holds raw integers of CONFIG_T::slope_t.
template <class CONFIG_T, class x_T, class y_T, class slope_T>
void prelu(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n], const slope_T slope[CONFIG_T::slopes]) {
    NNET_INLINE // so that the top function's PIPELINE reaches this loop
    NNET_PARTITION(slope) // all elements are computed at once
    for (int i = 0; i < CONFIG_T::n; ++i) {
        const typename CONFIG_T::slope_t s = from_raw<typename CONFIG_T::slope_t>(slope[i % CONFIG_T::slopes]);
        y[i] = x[i] > x_T(0) ? cast<y_T>(x[i]) : cast<y_T>(s * x[i]);
    }
}

} // namespace nnet

#endif
