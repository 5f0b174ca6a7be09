#ifndef NNET_COMMON_H_
#define NNET_COMMON_H_

// What every layer needs: the formats of fixed-point types, conversions, raw integers, indices of tables.
// The only header that includes the HLS compiler's number types.

#include "nnet_pragmas.h"

#include "ap_fixed.h"
#include "ap_int.h"

namespace nnet {

// The template arguments of a fixed-point type.
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O> struct format_of {
    static const int width = W;
    static const int integer = I;
    static const int frac = W - I;
    static const bool is_signed = S;
    static const ap_q_mode rounding = Q;
    static const bool truncates = Q == AP_TRN;
    static const bool wraps = O == AP_WRAP;
};

// The format of a declared type and of the type of any expression alike: both derive from, or are, these classes.
#if defined(NNET_BAMBU)
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O>
format_of<W, I, S, Q, O> find_format(const ac_fixed<W, I, S, Q, O> &);
#else
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
format_of<W, I, S, Q, O> find_format(const ap_fixed_base<W, I, S, Q, O, N> &);
#endif
template <class T> struct format : decltype(find_format(*static_cast<const T *>(0))) {};

// Conversion to y_T: round exactly, then handle the overflow, both as y_T says.
//
// y_T's own constructor does so except in three places, and only there is the conversion split into an exact widening, a
// rounding that cannot overflow, and the overflow: (1) the simulation's types abort when more bits are dropped by a rounding
// mode than the source has; PandA-bambu's unsigned types (2) lose the carry of a rounding into saturation, and (3) do not
// saturate at 0 where they have as many integer bits as the source.
template <class y_T, class x_T> struct is_delicate {
    static const int dropped = format<x_T>::frac - format<y_T>::frac;
    static const bool rounds = dropped > 0 && !format<y_T>::truncates;
    static const bool cuts_negatives = !format<y_T>::is_signed && !format<y_T>::wraps;
    static const bool value = (rounds && (dropped > format<x_T>::width || cuts_negatives)) ||
                              (cuts_negatives && format<x_T>::is_signed);
};

template <class y_T, class x_T, bool delicate> struct caster {
    static y_T of(const x_T &x) { return y_T(x); }
};

template <class y_T, class x_T> struct caster<y_T, x_T, true> {
    static const int dropped = is_delicate<y_T, x_T>::dropped;
    static const int missing = dropped > format<x_T>::width ? dropped - format<x_T>::width : 0;
    // One bit for the sign of an unsigned source, one for the carry of the rounding; more than the target has.
    static const int enough = format<x_T>::integer + missing + 2;
    static const int integer = enough > format<y_T>::integer ? enough : format<y_T>::integer + 1;
    typedef ap_fixed<integer + format<x_T>::frac, integer> wide_t;
    typedef ap_fixed<integer + format<y_T>::frac, integer, format<y_T>::rounding, AP_WRAP> rounded_t;
    static y_T of(const x_T &x) { return y_T(rounded_t(wide_t(x))); }
};

template <class y_T, class x_T> y_T cast(const x_T &x) { return caster<y_T, x_T, is_delicate<y_T, x_T>::value>::of(x); }

// The value with these bits. Written through the whole value's range: PandA-bambu takes no part of one on the left side.
template <class T, class raw_T> T from_raw(const raw_T &raw) {
    T x = 0;
    x.range(format<T>::width - 1, 0) = ap_uint<format<T>::width>(raw);
    return x;
}

// As from_raw, for constants of up to 128 bits.
template <class T> T from_words(unsigned long long high, unsigned long long low) {
    ap_uint<128> raw = high;
    raw = (raw << 64) | ap_uint<128>(low);
    return from_raw<T>(raw);
}

// The bits of a value.
template <class T> ap_uint<format<T>::width> raw_of(const T &x) {
    return ap_uint<format<T>::width>(x.range(format<T>::width - 1, 0));
}

// Exact comparison. Both sides are brought to one signed type first: the simulation's types compare a signed with an unsigned
// value wrongly beyond 64 bits.
template <class a_T, class b_T> bool greater(const a_T &a, const b_T &b) {
    static const int integer =
        (format<a_T>::integer > format<b_T>::integer ? format<a_T>::integer : format<b_T>::integer) + 1;
    static const int frac = format<a_T>::frac > format<b_T>::frac ? format<a_T>::frac : format<b_T>::frac;
    typedef ap_fixed<integer + frac, integer> common_t;
    return common_t(a) > common_t(b);
}

// Address bits of a table of n entries; 1 for a table of one.
constexpr int address_bits(int n) { return n <= 2 ? 1 : 1 + address_bits((n + 1) / 2); }

// The upper bits of x as the index of a table of `size` entries.
template <int size, class x_T> int top_bits(const x_T &x) {
    static const int bits = address_bits(size);
    const int index = ap_uint<bits>(raw_of(x) >> (format<x_T>::width - bits)).to_int();
    return index < size ? index : size - 1;
}

// x * size / 2^log2_span, cut off toward zero at x's own step and then at 1, no further from 0 than `size`.
//
// In integers, on the magnitude: conversions of small negative fractions to int differ between the HLS types.
template <int size, int log2_span, class x_T> int table_steps(const x_T &x) {
    static const int width = format<x_T>::width;
    static const int frac = format<x_T>::frac;
    static const int product_bits = width + 18;
    static const int down = log2_span + (frac > 0 ? frac : 0);
    // A step of 2^18 is beyond every table: a coarser grid need not be told apart.
    static const int up = frac < -18 ? 18 : (frac < 0 ? -frac : 0);

    const bool negative = x < x_T(0);
    const ap_uint<width> raw = raw_of(x);
    const ap_uint<width> magnitude = negative ? ap_uint<width>(ap_uint<width>(0) - raw) : raw;
    const ap_uint<product_bits> product = ap_uint<product_bits>(magnitude) * ap_uint<18>(size);
    const ap_uint<product_bits> quotient =
        down < product_bits ? ap_uint<product_bits>(product >> (down < product_bits ? down : 0)) : ap_uint<product_bits>(0);
    int steps = size;
    if (quotient <= ap_uint<product_bits>(size >> up)) {
        steps = ap_uint<18>(quotient).to_int() << up;
    }
    return negative ? -steps : steps;
}

// The nearest index of a table of `size` entries.
template <int size> int clamp_index(int index) { return index < 0 ? 0 : (index > size - 1 ? size - 1 : index); }

} // namespace nnet

#endif
