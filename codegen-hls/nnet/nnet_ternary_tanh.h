#ifndef NNET_TERNARY_TANH_H_
#define NNET_TERNARY_TANH_H_

#include "nnet_common.h"

namespace nnet {

// For `activate` in io_stream: -1, 0 or 1, switching at -1 and 1. In io_parallel the input is doubled first: `ternary_tanh`.
struct ternary_tanh_of_stream {
    template <class y_T, class x_T> static y_T of(const x_T &x) {
        const ap_fixed<2, 2> one = 1, minus_one = -1, zero = 0;
        return greater(x, one) ? cast<y_T>(one) : (greater(x, minus_one) ? cast<y_T>(zero) : cast<y_T>(minus_one));
    }
};

} // namespace nnet

#endif
