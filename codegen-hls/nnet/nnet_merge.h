#ifndef NNET_MERGE_H_
#define NNET_MERGE_H_

// Element-wise combination of two tensors: the layer `merge`, and the functions of two elements that it takes.

#include "nnet_common.h"

namespace nnet {

// y[i] = FUNCTION(a[i], b[i]) in y's type: exact, then one conversion.
template <class FUNCTION, int n, class a_T, class b_T, class y_T>
void merge(const a_T a[n], const b_T b[n], y_T y[n]) {
    NNET_INLINE // so that the top function's PIPELINE reaches this loop
    for (int i = 0; i < n; ++i) {
        y[i] = FUNCTION::template of<y_T>(a[i], b[i]);
    }
}

struct add {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) { return cast<y_T>(a + b); }
};

struct subtract {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) { return cast<y_T>(a - b); }
};

struct multiply {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) { return cast<y_T>(a * b); }
};

// Half of the sum: the sum's bits with the point one place further left.
struct average {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) {
        static const int integer =
            (format<a_T>::integer > format<b_T>::integer ? format<a_T>::integer : format<b_T>::integer) + 2;
        static const int frac = format<a_T>::frac > format<b_T>::frac ? format<a_T>::frac : format<b_T>::frac;
        const ap_fixed<integer + frac, integer> sum = a + b;
        return cast<y_T>(from_raw<ap_fixed<integer + frac, integer - 1> >(raw_of(sum)));
    }
};

// Of two equal values the second is taken.
struct maximum {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) {
        return greater(a, b) ? cast<y_T>(a) : cast<y_T>(b);
    }
};

struct minimum {
    template <class y_T, class a_T, class b_T> static y_T of(const a_T &a, const b_T &b) {
        return greater(b, a) ? cast<y_T>(a) : cast<y_T>(b);
    }
};

} // namespace nnet

#endif
