#ifndef NNET_DENSE_H_
#define NNET_DENSE_H_

// How a dense layer multiplies. The layer itself: nnet_dense_latency.h, nnet_dense_resource.h.

#include "nnet_common.h"

namespace nnet {

// A weight of type weight_T, stored as its raw integer.
template <class weight_T> struct times_fixed {
    template <class y_T, class x_T, class raw_T> static y_T of(const x_T &x, raw_T weight) {
        return cast<y_T>(x * from_raw<weight_T>(weight));
    }
};

// A weight of one bit: 0 means -1, 1 means +1.
struct times_sign {
    template <class y_T, class x_T, class raw_T> static y_T of(const x_T &x, raw_T weight) {
        return weight != 0 ? cast<y_T>(x) : cast<y_T>(-x);
    }
};

} // namespace nnet

#endif
