#ifndef NNET_SOFTMAX_H_
#define NNET_SOFTMAX_H_

// Softmax over one axis: the layer `softmax`, and the methods for one slice that it takes.
//
// A method's CONFIG_T has n (elements of a slice), tables as functions exp_entry(i) and inv_entry(i) with their sizes
// exp_size and inv_size, and the types that the method names.

#include "nnet_common.h"

namespace nnet {

// METHOD on every slice along an axis; element i of a slice has the flat index (outer * n + i) * inner + k.
template <class METHOD, int outer, int n, int inner, class x_T, class y_T>
void softmax(const x_T x[outer * n * inner], y_T y[outer * n * inner]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    for (int o = 0; o < outer; ++o) {
        for (int k = 0; k < inner; ++k) {
            x_T slice[n];
            y_T result[n];
            NNET_PARTITION(slice) // all elements of a slice are used at once
            NNET_PARTITION(result)
            for (int i = 0; i < n; ++i) {
                slice[i] = x[(o * n + i) * inner + k];
            }
            METHOD::of(slice, result);
            for (int i = 0; i < n; ++i) {
                y[(o * n + i) * inner + k] = result[i];
            }
        }
    }
}

// The elements' sum as a balanced tree, each node in T: neighbours are added, then neighbours of those, ...
template <int n, class T> T tree_sum(const T x[n]) {
    T sums[n];
    NNET_PARTITION(sums) // the nodes of a level are added at once
    for (int i = 0; i < n; ++i) {
        sums[i] = x[i];
    }
    for (int level = 0; level < address_bits(n); ++level) {
        const int step = 1 << level;
        for (int i = 0; i < n; i += 2) {
            const int left = i * step;
            if (left + step < n) {
                sums[left] = T(sums[left] + sums[left + step]);
            }
        }
    }
    return sums[0];
}

// exp[i] * 1 / sum of exp, by the table of inverses.
template <class CONFIG_T, class y_T> void normalise(const typename CONFIG_T::accum_t exp[CONFIG_T::n], y_T y[CONFIG_T::n]) {
    typedef typename CONFIG_T::inv_inp_t inv_inp_t;
    const inv_inp_t sum = cast<inv_inp_t>(tree_sum<CONFIG_T::n>(exp));
    const typename CONFIG_T::inv_table_t inverse = CONFIG_T::inv_entry(top_bits<CONFIG_T::inv_size>(sum));
    for (int i = 0; i < CONFIG_T::n; ++i) {
        y[i] = cast<y_T>(exp[i] * inverse);
    }
}

// The maximum minus the element, in inp_norm_t, indexes the table of exp(-d).
template <class CONFIG_T> struct softmax_stable {
    template <class x_T, class y_T> static void of(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n]) {
        x_T largest = x[0];
        for (int i = 1; i < CONFIG_T::n; ++i) {
            largest = x[i] > largest ? x[i] : largest;
        }
        typename CONFIG_T::accum_t exp[CONFIG_T::n];
        NNET_PARTITION(exp)
        for (int i = 0; i < CONFIG_T::n; ++i) {
            const typename CONFIG_T::inp_norm_t d = cast<typename CONFIG_T::inp_norm_t>(largest - x[i]);
            exp[i] = cast<typename CONFIG_T::accum_t>(CONFIG_T::exp_entry(top_bits<CONFIG_T::exp_size>(d)));
        }
        normalise<CONFIG_T>(exp, y);
    }
};

// The element itself indexes the table of exp(x).
template <class CONFIG_T> struct softmax_latency {
    template <class x_T, class y_T> static void of(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n]) {
        typename CONFIG_T::accum_t exp[CONFIG_T::n];
        NNET_PARTITION(exp)
        for (int i = 0; i < CONFIG_T::n; ++i) {
            exp[i] = cast<typename CONFIG_T::accum_t>(CONFIG_T::exp_entry(top_bits<CONFIG_T::exp_size>(x[i])));
        }
        normalise<CONFIG_T>(exp, y);
    }
};

// 1 / sum over j of exp(x[j] - x[i]): tables over -8 .. 8 and 0 .. 64, everything in table_t.
template <class CONFIG_T> struct softmax_legacy {
    template <class x_T, class y_T> static void of(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n]) {
        typedef typename CONFIG_T::table_t table_t;
        static const int middle = CONFIG_T::exp_size / 2;
        const ap_fixed<2, 2> one = 1;
        for (int i = 0; i < CONFIG_T::n; ++i) {
            table_t sum = 0;
            for (int j = 0; j < CONFIG_T::n; ++j) {
                const int steps = table_steps<CONFIG_T::exp_size, 4>(x[j] - x[i]);
                const table_t exp = CONFIG_T::exp_entry(clamp_index<CONFIG_T::exp_size>(steps + middle));
                sum = table_t(sum + (i == j ? cast<table_t>(one) : exp));
            }
            const int index = clamp_index<CONFIG_T::inv_size>(table_steps<CONFIG_T::inv_size, 6>(sum));
            y[i] = cast<y_T>(CONFIG_T::inv_entry(index));
        }
    }
};

// 1 at the first maximum, 0 elsewhere.
template <class CONFIG_T> struct softmax_argmax {
    template <class x_T, class y_T> static void of(const x_T x[CONFIG_T::n], y_T y[CONFIG_T::n]) {
        x_T largest = x[0];
        int first = 0;
        for (int i = 1; i < CONFIG_T::n; ++i) {
            if (x[i] > largest) {
                largest = x[i];
                first = i;
            }
        }
        const ap_fixed<2, 2> one = 1;
        for (int i = 0; i < CONFIG_T::n; ++i) {
            y[i] = i == first ? cast<y_T>(one) : y_T(0);
        }
    }
};

} // namespace nnet

#endif
