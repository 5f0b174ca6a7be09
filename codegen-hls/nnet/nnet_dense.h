#ifndef NNET_DENSE_H_
#define NNET_DENSE_H_

// How a dense layer multiplies, and what it makes of a sum. The layer itself: nnet_dense_latency.h, nnet_dense_resource.h.

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

// An input of one bit (0 means -1) and a weight of type weight_T.
template <class weight_T> struct bit_times_fixed {
    template <class y_T, class x_T, class raw_T> static y_T of(const x_T &x, raw_T weight) {
        const weight_T w = from_raw<weight_T>(weight);
        return x > x_T(0) ? cast<y_T>(w) : cast<y_T>(-w);
    }
};

// Input and weight of one bit each: 1 where they are equal, -1 where not.
struct bit_times_sign {
    template <class y_T, class x_T, class raw_T> static y_T of(const x_T &x, raw_T weight) {
        const ap_fixed<2, 2> one = 1, minus_one = -1;
        return (x > x_T(0)) == (weight != 0) ? cast<y_T>(one) : cast<y_T>(minus_one);
    }
};

// The same, to be counted: 1 where they are equal, 0 where not.
struct equal_bits {
    template <class y_T, class x_T, class raw_T> static y_T of(const x_T &x, raw_T weight) {
        const ap_ufixed<1, 1> one = 1, zero = 0;
        return (x > x_T(0)) == (weight != 0) ? cast<y_T>(one) : cast<y_T>(zero);
    }
};

// The result is the sum.
struct plain_sum {
    template <class y_T, class sum_T> static y_T of(const sum_T &sum) { return cast<y_T>(sum); }
};

// Of n pairs of bits `sum` are equal: the result is the sum of their products, in `bits` bits.
template <int n, int bits> struct balance {
    template <class y_T, class sum_T> static y_T of(const sum_T &sum) {
        typedef ap_fixed<bits, bits, AP_TRN_ZERO, AP_WRAP> balance_t;
        const ap_fixed<32, 32> pairs = n;
        return cast<y_T>(cast<balance_t>((sum + sum) - pairs));
    }
};

} // namespace nnet

#endif
