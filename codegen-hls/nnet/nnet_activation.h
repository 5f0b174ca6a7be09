#ifndef NNET_ACTIVATION_H_
#define NNET_ACTIVATION_H_

// Element-wise activations: the layer `activate`, and the functions of one element that it takes.

#include "nnet_common.h"

namespace nnet {

// y[i] = FUNCTION(x[i]) in y's type.
template <class FUNCTION, int n, class x_T, class y_T> void activate(const x_T x[n], y_T y[n]) {
    NNET_INLINE // so that the top function's PIPELINE reaches this loop
    for (int i = 0; i < n; ++i) {
        y[i] = FUNCTION::template of<y_T>(x[i]);
    }
}

struct linear {
    template <class y_T, class x_T> static y_T of(const x_T &x) { return cast<y_T>(x); }
};

struct relu {
    template <class y_T, class x_T> static y_T of(const x_T &x) { return x > x_T(0) ? cast<y_T>(x) : y_T(0); }
};

// CONFIG_T::parameter(): the slope of negative values.
template <class CONFIG_T> struct leaky_relu {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return x > x_T(0) ? cast<y_T>(x) : cast<y_T>(CONFIG_T::parameter() * x);
    }
};

// CONFIG_T::parameter(): what x must exceed to pass.
template <class CONFIG_T> struct thresholded_relu {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return greater(x, CONFIG_T::parameter()) ? cast<y_T>(x) : y_T(0);
    }
};

// A function by its table over -2^log2_span / 2 to 2^log2_span / 2 (sigmoid, tanh).
template <class CONFIG_T> struct by_table {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        const int steps = table_steps<CONFIG_T::size, CONFIG_T::log2_span>(x);
        return cast<y_T>(CONFIG_T::entry(clamp_index<CONFIG_T::size>(steps + CONFIG_T::size / 2)));
    }
};

// slope * x + shift, cut to 0 .. 1, in the exact type of the expression.
template <class CONFIG_T, class x_T> struct ramp {
    typedef decltype(CONFIG_T::slope() * x_T() + CONFIG_T::shift()) type;
    static type of(const x_T &x) {
        const type t = CONFIG_T::slope() * x + CONFIG_T::shift();
        const ap_fixed<2, 2> one = 1;
        // Where the type cannot hold 1, nothing is greater than 1.
        return greater(t, one) ? type(one) : (t < type(0) ? type(0) : t);
    }
};

template <class CONFIG_T> struct hard_sigmoid {
    template <class y_T, class x_T> static y_T of(const x_T &x) { return cast<y_T>(ramp<CONFIG_T, x_T>::of(x)); }
};

template <class CONFIG_T> struct hard_tanh {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        const typename ramp<CONFIG_T, x_T>::type t = ramp<CONFIG_T, x_T>::of(x);
        const ap_fixed<2, 2> one = 1;
        return cast<y_T>((t + t) - one);
    }
};

// CONFIG_T::positive() for x >= 0, CONFIG_T::negative() below.
template <class CONFIG_T> struct binary_tanh {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        return x < x_T(0) ? CONFIG_T::negative() : CONFIG_T::positive();
    }
};

// -1, 0 or 1, switching at -1/2 and 1/2. The doubled input goes back into its own type first, and wraps if that type does.
struct ternary_tanh {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        const x_T t = x_T(x + x);
        const ap_fixed<2, 2> one = 1, minus_one = -1, zero = 0;
        return greater(t, one) ? cast<y_T>(one) : (greater(t, minus_one) ? cast<y_T>(zero) : cast<y_T>(minus_one));
    }
};

} // namespace nnet

#endif
