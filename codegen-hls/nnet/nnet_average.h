#ifndef NNET_AVERAGE_H_
#define NNET_AVERAGE_H_

// The mean of more than two operands, for `merge`: of the sum of all but the last, and the last.

#include "nnet_raw.h"

namespace nnet {

// n operands, log2_n the logarithm of a power of two, else 0.
template <int n, int log2_n> struct average_of {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) {
        static const int integer =
            (format<a_T>::integer > format<b_T>::integer ? format<a_T>::integer : format<b_T>::integer) + 2;
        static const int frac = format<a_T>::frac > format<b_T>::frac ? format<a_T>::frac : format<b_T>::frac;
        typedef ap_fixed<integer + frac, integer> sum_t;
        const sum_t sum = a + b;
        if (log2_n > 0) {
            // The sum's bits with the point further left: exact.
            return cast<y_T>(from_raw<ap_fixed<integer + frac, integer - log2_n> >(raw_of(sum)));
        }
        return cast<y_T>(divide_toward_zero(sum, n));
    }
};

} // namespace nnet

#endif
