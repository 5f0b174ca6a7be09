#ifndef NNET_BILINEAR_H_
#define NNET_BILINEAR_H_

#include "nnet_raw.h"

namespace nnet {

// Place number i on an axis of n cells that grows by `factor`: the cells on its two sides and their weights, which sum to
// 2 * factor. Cells have their centre at their half; outside the outermost centres the outermost cell goes on.
template <int n, int factor> struct between {
    static int steps(int i) { return 2 * i + 1 - factor + 2 * factor; } // in 1 / (2 factor) of a cell, from cell -1
    static int inside(int cell) { return cell < 0 ? 0 : (cell > n - 1 ? n - 1 : cell); }
    static int first(int i) { return inside(steps(i) / (2 * factor) - 1); }
    static int second(int i) { return inside(steps(i) / (2 * factor)); }
    static int second_weight(int i) { return steps(i) % (2 * factor); }
    static int first_weight(int i) { return 2 * factor - second_weight(i); }
};

// y = Q(y_T, s / d): s the sum of the four neighbours by their weights, whose sum is d = 4 * factor_height * factor_width. The
// division is exact where d is a power of two, else toward zero at x's step.
//
// CONFIG_T has in_height, in_width, channels, factor_height, factor_width, weight_bits (bits of d), log2_divisor (of a power of
// two, else 0) and divisor (1 for a power of two, else d).
template <class CONFIG_T, class x_T, class y_T> void bilinear(const x_T *x, y_T *y) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    typedef between<CONFIG_T::in_height, CONFIG_T::factor_height> rows;
    typedef between<CONFIG_T::in_width, CONFIG_T::factor_width> columns;
    static const int out_width = CONFIG_T::in_width * CONFIG_T::factor_width;
    static const int bits = format<x_T>::width + 1 + CONFIG_T::weight_bits;
    typedef ap_int<bits> sum_t;
    typedef ap_fixed<bits, bits - format<x_T>::frac - CONFIG_T::log2_divisor> quotient_t;
    for (int row = 0; row < CONFIG_T::in_height * CONFIG_T::factor_height; ++row) {
        for (int column = 0; column < out_width; ++column) {
            for (int c = 0; c < CONFIG_T::channels; ++c) {
                sum_t sum = 0;
                for (int corner = 0; corner < 4; ++corner) {
                    const int r = corner / 2 == 0 ? rows::first(row) : rows::second(row);
                    const int q = corner % 2 == 0 ? columns::first(column) : columns::second(column);
                    const int weight = (corner / 2 == 0 ? rows::first_weight(row) : rows::second_weight(row)) *
                                       (corner % 2 == 0 ? columns::first_weight(column) : columns::second_weight(column));
                    const x_T value = x[(r * CONFIG_T::in_width + q) * CONFIG_T::channels + c];
                    sum = sum_t(sum + signed_raw(value) * ap_int<CONFIG_T::weight_bits + 1>(weight));
                }
                if (CONFIG_T::divisor > 1) {
                    sum = sum_t(sum / sum_t(CONFIG_T::divisor));
                }
                y[(row * out_width + column) * CONFIG_T::channels + c] = cast<y_T>(from_raw<quotient_t>(sum));
            }
        }
    }
}

} // namespace nnet

#endif
