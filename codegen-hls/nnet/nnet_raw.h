#ifndef NNET_RAW_H_
#define NNET_RAW_H_

// Arithmetic on the integers behind fixed-point values.

#include "nnet_common.h"

namespace nnet {

// The integer behind x, with its sign.
template <class T> ap_int<format<T>::width + 1> signed_raw(const T &x) {
    typedef ap_fixed<format<T>::width + 1, format<T>::integer + 1> wide_t;
    return ap_int<format<T>::width + 1>(raw_of(wide_t(x)));
}

// x / n toward zero at x's own step.
template <class T> T divide_toward_zero(const T &x, int n) {
    const ap_int<format<T>::width + 1> quotient = signed_raw(x) / ap_int<32>(n);
    return from_raw<T>(ap_uint<format<T>::width>(quotient));
}

// floor(x * size / 2^log2_span), no further from 0 than a table of `size` entries can tell.
template <int size, int log2_span, class x_T> int table_floor(const x_T &x) {
    static const int bits = format<x_T>::width + 20;
    static const int down = log2_span + format<x_T>::frac;
    // A step of 2^18 is beyond every table: a coarser grid need not be told apart.
    static const int up = down < -18 ? 18 : (down < 0 ? -down : 0);
    static const int shift = down < 0 ? 0 : (down < bits ? down : bits - 1);
    const ap_int<bits> product = ap_int<bits>(signed_raw(x)) * ap_int<20>(size);
    const ap_int<bits> steps = product >> shift;
    const int limit = (size >> up) + 1;
    const int near = steps > ap_int<bits>(limit) ? limit : (steps < ap_int<bits>(-limit) ? -limit : ap_int<20>(steps).to_int());
    return near * (1 << up);
}

} // namespace nnet

#endif
