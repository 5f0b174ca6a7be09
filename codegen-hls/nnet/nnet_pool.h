#ifndef NNET_POOL_H_
#define NNET_POOL_H_

// Pooling over a whole image, channels last: the layer `pool`, and what it makes of a window. The configuration has the geometry
// that nnet_conv_parallel.h describes, and accum_t.

#include "nnet_raw.h"
#include "nnet_window.h"

namespace nnet {

// METHOD of the cells of every position's window; 0 for a window that lies in the padding as a whole.
template <class METHOD, class CONFIG_T, class x_T, class y_T>
void pool(const x_T x[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::channels],
          y_T y[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::channels]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    static const int cells = CONFIG_T::kernel_height * CONFIG_T::kernel_width;
    typedef typename CONFIG_T::accum_t accum_t;
    for (int position = 0; position < CONFIG_T::out_height * CONFIG_T::out_width; ++position) {
        for (int c = 0; c < CONFIG_T::channels; ++c) {
            x_T window[cells];
            NNET_PARTITION(window) // all cells of a window are used at once
            int n = 0;
            for (int cell = 0; cell < cells; ++cell) {
                const int pixel = window_pixel<CONFIG_T>(position, cell);
                if (pixel >= 0) {
                    window[n] = x[pixel * CONFIG_T::channels + c];
                    ++n;
                }
            }
            y[position * CONFIG_T::channels + c] =
                n > 0 ? cast<y_T>(METHOD::template of<cells, accum_t>(window, n)) : y_T(0);
        }
    }
}

// The largest of the first n cells, compared in x's type.
struct pool_max {
    template <int cells, class accum_T, class x_T> static accum_T of(const x_T window[cells], int n) {
        x_T largest = window[0];
        for (int i = 1; i < cells; ++i) {
            if (i < n && window[i] > largest) {
                largest = window[i];
            }
        }
        return cast<accum_T>(largest);
    }
};

// The mean of the first n cells: summed one after the other in accum_T, divided toward zero at its step.
struct pool_average {
    template <int cells, class accum_T, class x_T> static accum_T of(const x_T window[cells], int n) {
        accum_T sum = 0;
        for (int i = 0; i < cells; ++i) {
            if (i < n) {
                sum = cast<accum_T>(sum + window[i]);
            }
        }
        return divide_toward_zero(sum, n);
    }
};

} // namespace nnet

#endif
