#ifndef NNET_LAYER_NORM_H_
#define NNET_LAYER_NORM_H_

// Layer normalisation over the last axis: the layer `layer_norm`, and the two ways to 1 / sqrt(variance) that it takes.

#include "nnet_raw.h"

namespace nnet {

// For each of CONFIG_T::rows rows of n: y[i] = Q(y_T, ROOT of (x[i] - mean) * scale[i] + bias[i]). Sums run one after the other in
// CONFIG_T::accum_t; CONFIG_T::reciprocal() is 1 / n in that type. scale and bias are raw integers of scale_t and bias_t.
template <class ROOT, class CONFIG_T, class x_T, class y_T, class scale_T, class bias_T>
void layer_norm(const x_T x[CONFIG_T::rows * CONFIG_T::n], y_T y[CONFIG_T::rows * CONFIG_T::n],
                const scale_T scale[CONFIG_T::n], const bias_T bias[CONFIG_T::n]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    NNET_PARTITION(scale) // all elements are computed at once
    NNET_PARTITION(bias)
    typedef typename CONFIG_T::accum_t accum_t;
    for (int row = 0; row < CONFIG_T::rows; ++row) {
        accum_t d[CONFIG_T::n];
        NNET_PARTITION(d)
        accum_t sum = 0;
        for (int i = 0; i < CONFIG_T::n; ++i) {
            d[i] = cast<accum_t>(x[row * CONFIG_T::n + i]);
            sum = cast<accum_t>(sum + d[i]);
        }
        const accum_t mean = cast<accum_t>(sum * CONFIG_T::reciprocal());
        accum_t squares = 0;
        for (int i = 0; i < CONFIG_T::n; ++i) {
            d[i] = cast<accum_t>(d[i] - mean);
            squares = cast<accum_t>(squares + cast<accum_t>(d[i] * d[i]));
        }
        const accum_t variance = cast<accum_t>(squares * CONFIG_T::reciprocal());
        const ROOT root(variance);
        for (int i = 0; i < CONFIG_T::n; ++i) {
            const typename CONFIG_T::scale_t s = from_raw<typename CONFIG_T::scale_t>(scale[i]);
            const typename CONFIG_T::bias_t b = from_raw<typename CONFIG_T::bias_t>(bias[i]);
            y[row * CONFIG_T::n + i] = cast<y_T>(root.of(d[i]) * s + b);
        }
    }
}

// A table of equal steps over variances of 0 to 2^log2_span; larger ones take the last entry.
template <class CONFIG_T> struct root_uniform {
    typedef typename CONFIG_T::accum_t accum_t;
    typename CONFIG_T::table_t entry;
    explicit root_uniform(const accum_t &variance)
        : entry(CONFIG_T::entry(clamp_index<CONFIG_T::size>(table_floor<CONFIG_T::size, CONFIG_T::log2_span>(variance)))) {}
    auto of(const accum_t &d) const -> decltype(d * typename CONFIG_T::table_t()) { return d * entry; }
};

// A table over variances of 1 to 4 (2^(log2_size - 1) steps from 1 to 2, as many from 2 to 4): every variance plus
// CONFIG_T::epsilon is one of these times a power of four.
template <class CONFIG_T> struct root_normalised {
    typedef typename CONFIG_T::accum_t accum_t;
    typedef typename CONFIG_T::table_t table_t;
    static const int frac = format<accum_t>::frac;
    static const int mantissa = CONFIG_T::log2_size - 1;
    static const int bits = CONFIG_T::variance_bits;
    static const int product_bits = format<accum_t>::width + format<table_t>::width + 2;
    // Half the exponent of the smallest variance, and with it the product's smallest shift to CONFIG_T::z_frac fraction bits.
    static const int least_power = frac < 0 ? -frac / 2 : -((frac + 1) / 2);
    static const int least = frac + format<table_t>::frac + least_power - CONFIG_T::z_frac;
    // Exact even where an accumulator that overflowed makes the quotient large; z_t then wraps.
    static const int exact_bits = product_bits + (least < 0 ? -least : 0) + 1;
    static const int z_bits = exact_bits > CONFIG_T::z_integer + CONFIG_T::z_frac ? exact_bits : CONFIG_T::z_integer + CONFIG_T::z_frac;
    typedef ap_fixed<CONFIG_T::z_integer + CONFIG_T::z_frac, CONFIG_T::z_integer> z_t;

    table_t entry;
    int shift;

    explicit root_normalised(const accum_t &variance) : entry(0), shift(0) {
        const ap_int<bits + 1> positive = variance > accum_t(0) ? ap_int<bits + 1>(signed_raw(variance)) : ap_int<bits + 1>(0);
        const ap_uint<bits> u = ap_uint<bits>(positive + ap_int<bits + 1>(CONFIG_T::epsilon));
        int highest = 0;
        for (int i = 1; i < bits; ++i) {
            if (ap_uint<bits>(u >> i) != ap_uint<bits>(0)) {
                highest = i;
            }
        }
        const int odd = (highest - frac) & 1;
        const int power = (highest - frac - odd) / 2;
        // The `mantissa` bits below the highest, and the highest before them.
        const ap_uint<mantissa + 1> leading = ap_uint<mantissa + 1>((ap_uint<bits + mantissa>(u) << mantissa) >> highest);
        const int index = odd * (1 << mantissa) + (leading.to_int() - (1 << mantissa));
        entry = CONFIG_T::entry(index);
        shift = frac + format<table_t>::frac + power - CONFIG_T::z_frac;
    }

    // d times the root, rounded half up to z_frac fraction bits.
    z_t of(const accum_t &d) const {
        const ap_int<z_bits> product = ap_int<z_bits>(signed_raw(d) * signed_raw(entry));
        const int right = shift < z_bits ? shift : z_bits - 1;
        const ap_int<z_bits> z = right <= 0 ? ap_int<z_bits>(product << -right)
                                               : ap_int<z_bits>(((product >> (right - 1)) + ap_int<z_bits>(1)) >> 1);
        return from_raw<z_t>(ap_uint<format<z_t>::width>(ap_uint<z_bits>(z)));
    }
};

} // namespace nnet

#endif
