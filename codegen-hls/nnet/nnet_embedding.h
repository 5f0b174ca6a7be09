#ifndef NNET_EMBEDDING_H_
#define NNET_EMBEDDING_H_

#include "nnet_raw.h"

namespace nnet {

// The whole part of x, or the nearest number from 0 to `last`.
template <int last, class x_T> int row_of(const x_T &x) {
    static const int bits = format<x_T>::width + 1;
    static const int frac = format<x_T>::frac;
    static const int down = frac < 0 ? 0 : (frac < bits ? frac : bits - 1);
    // Beyond 31 places every row but the first is off the table.
    static const int up = frac < -31 ? 31 : (frac < 0 ? -frac : 0);
    const ap_int<bits> whole = signed_raw(x) >> down;
    const ap_int<bits + 32> wide = whole;
    const ap_int<bits + 32> end = last;
    if (wide < ap_int<bits + 32>(0)) {
        return 0;
    }
    const ap_int<bits + 32> row = wide << up;
    return row > end ? last : ap_int<32>(row).to_int();
}

// For each x the row of the table that it names, rows of CONFIG_T::n_out raw integers of CONFIG_T::table_t.
template <class CONFIG_T, class x_T, class y_T, class table_T>
void embedding(const x_T x[CONFIG_T::n_in], y_T y[CONFIG_T::n_in * CONFIG_T::n_out],
               const table_T table[CONFIG_T::rows * CONFIG_T::n_out]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    NNET_RESHAPE(table, CONFIG_T::n_out) // a row in one word, one read
    for (int i = 0; i < CONFIG_T::n_in; ++i) {
        const int row = row_of<CONFIG_T::rows - 1>(x[i]);
        for (int j = 0; j < CONFIG_T::n_out; ++j) {
            y[i * CONFIG_T::n_out + j] = cast<y_T>(from_raw<typename CONFIG_T::table_t>(table[row * CONFIG_T::n_out + j]));
        }
    }
}

} // namespace nnet

#endif
