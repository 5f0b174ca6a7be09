#ifndef NNET_DENSE_EXPONENT_H_
#define NNET_DENSE_EXPONENT_H_

// Products with weights that are a sign and a power of two.

#include "nnet_common.h"

namespace nnet {

// x * 2^e for a positive weight, -x * 2^e for a negative one, in a type of 2 * (bits + x's) bits, the point in the middle: what
// leaves it is lost. A weight is 2 * e, plus 1 for a positive one; e has `bits` bits.
template <int bits> struct times_power {
    template <class y_T, class x_T, class raw_T> static y_T of(const x_T &x, raw_T weight) {
        static const int half = bits + format<x_T>::width;
        typedef ap_fixed<2 * half, half> power_t;
        const bool positive = (weight & 1) != 0;
        const int exponent = static_cast<int>((weight - (positive ? 1 : 0)) / 2);
        const int distance = exponent < 0 ? -exponent : exponent;
        const power_t wide = cast<power_t>(x);
        power_t shifted = 0;
        if (exponent < 0) {
            shifted = wide >> (distance < 2 * half ? distance : 2 * half - 1);
        } else if (distance < 2 * half) {
            shifted = wide << distance;
        }
        return positive ? cast<y_T>(shifted) : cast<y_T>(power_t(-shifted));
    }
};

} // namespace nnet

#endif
