#ifndef NNET_CONCATENATE_H_
#define NNET_CONCATENATE_H_

#include "nnet_common.h"

namespace nnet {

// Puts one operand of a concatenation into its place: `outer` rows of `row` elements each, at `offset` of rows of `total`.
template <int outer, int row, int total, int offset, class x_T, class y_T>
void concatenate(const x_T x[outer * row], y_T y[outer * total]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    for (int o = 0; o < outer; ++o) {
        for (int i = 0; i < row; ++i) {
            y[o * total + offset + i] = cast<y_T>(x[o * row + i]);
        }
    }
}

} // namespace nnet

#endif
