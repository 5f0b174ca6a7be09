#ifndef NNET_THRESHOLD_H_
#define NNET_THRESHOLD_H_

// Batch normalisation and a binary or ternary tanh in one: comparisons with thresholds of the input's type.

#include "nnet_common.h"

namespace nnet {

// y[i] = LEVELS of x[i], high[c] and low[c], c = i % channels; high and low are raw integers.
template <class LEVELS, class CONFIG_T, class x_T, class y_T, class high_T, class low_T>
void threshold(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n], const high_T high[CONFIG_T::channels],
               const low_T low[CONFIG_T::channels]) {
    NNET_INLINE // so that the top function's PIPELINE reaches this loop
    NNET_PARTITION(high) // all elements are compared at once
    NNET_PARTITION(low)
    for (int i = 0; i < CONFIG_T::n; ++i) {
        const int c = i % CONFIG_T::channels;
        y[i] = LEVELS::template of<y_T>(x[i], from_raw<x_T>(high[c]), from_raw<x_T>(low[c]));
    }
}

// 1 from the one threshold on, 0 below; 0 stands for -1.
struct binary_levels {
    template <class y_T, class x_T> static y_T of(const x_T &x, const x_T &at, const x_T &) {
        return x < at ? y_T(0) : y_T(1);
    }
};

// 1 above the high threshold, -1 up to the low one, 0 between.
struct ternary_levels {
    template <class y_T, class x_T> static y_T of(const x_T &x, const x_T &high, const x_T &low) {
        return x > high ? y_T(1) : (x > low ? y_T(0) : y_T(-1));
    }
};

} // namespace nnet

#endif
