#ifndef NNET_RELU_H_
#define NNET_RELU_H_

// Rectifiers with limits, for `activate`.

#include "nnet_common.h"

namespace nnet {

// x between 0 and CONFIG_T::maximum().
template <class CONFIG_T> struct clipped_relu {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        if (greater(x, CONFIG_T::maximum())) {
            return cast<y_T>(CONFIG_T::maximum());
        }
        return x > x_T(0) ? cast<y_T>(x) : y_T(0);
    }
};

// x from CONFIG_T::threshold() on, slope() * (x - threshold()) below.
template <class CONFIG_T> struct general_relu {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return greater(CONFIG_T::threshold(), x) ? cast<y_T>(CONFIG_T::slope() * (x - CONFIG_T::threshold())) : cast<y_T>(x);
    }
};

// The same, and CONFIG_T::maximum() from there on.
template <class CONFIG_T> struct general_relu_with_maximum {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return greater(CONFIG_T::maximum(), x) ? general_relu<CONFIG_T>::template of<y_T>(x)
                                               : cast<y_T>(CONFIG_T::maximum());
    }
};

} // namespace nnet

#endif
