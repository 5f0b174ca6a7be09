#ifndef NNET_DOT_H_
#define NNET_DOT_H_

#include "nnet_common.h"

namespace nnet {

// y[i][j] = Q(y_T, sum over ascending k of a[.., k, ..] * b[.., k, ..]): i runs over the free axes of a, j over those of b; every
// product and every partial sum is converted to CONFIG_T::accum_t. CONFIG_T has n (the common axis), a_free and b_free (elements
// of the free axes), a_inner and b_inner (those behind the common axis).
template <class CONFIG_T, class a_T, class b_T, class y_T>
void dot(const a_T a[CONFIG_T::a_free * CONFIG_T::n], const b_T b[CONFIG_T::b_free * CONFIG_T::n],
         y_T y[CONFIG_T::a_free * CONFIG_T::b_free]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    typedef typename CONFIG_T::accum_t accum_t;
    for (int i = 0; i < CONFIG_T::a_free; ++i) {
        for (int j = 0; j < CONFIG_T::b_free; ++j) {
            accum_t sum = 0;
            for (int k = 0; k < CONFIG_T::n; ++k) {
                const a_T p = a[(i / CONFIG_T::a_inner * CONFIG_T::n + k) * CONFIG_T::a_inner + i % CONFIG_T::a_inner];
                const b_T q = b[(j / CONFIG_T::b_inner * CONFIG_T::n + k) * CONFIG_T::b_inner + j % CONFIG_T::b_inner];
                sum = cast<accum_t>(sum + cast<accum_t>(p * q));
            }
            y[i * CONFIG_T::b_free + j] = cast<y_T>(sum);
        }
    }
}

} // namespace nnet

#endif
