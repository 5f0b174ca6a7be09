#ifndef NNET_GATHER_H_
#define NNET_GATHER_H_

#include "nnet_common.h"

namespace nnet {

// y[i] = x[SOURCE::of(i)] in y's type, 0 where the source is -1: every operation that only moves elements.
template <class SOURCE, int n, class x_T, class y_T> void gather(const x_T *x, y_T y[n]) {
    NNET_INLINE // so that the top function's PIPELINE reaches this loop
    for (int i = 0; i < n; ++i) {
        const int source = SOURCE::of(i);
        y[i] = source < 0 ? y_T(0) : cast<y_T>(x[source]);
    }
}

} // namespace nnet

#endif
