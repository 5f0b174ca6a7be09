#ifndef NNET_CONV_PARALLEL_H_
#define NNET_CONV_PARALLEL_H_

// A convolution over a whole image, channels last. The configuration says the image (in_height, in_width, channels), the window
// (kernel_, stride_ and dilation_height and _width, pad_top, pad_left), the positions (out_height, out_width) and how many of
// them are computed side by side (parallel_positions); inside a pipelined function all are.

#include "nnet_conv.h"
#include "nnet_window.h"

namespace nnet {

template <class CONFIG_T, class x_T, class y_T, class weight_T, class bias_T>
void conv(const x_T x[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::channels],
          y_T y[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_out],
          const weight_T weight[CONFIG_T::n_in * CONFIG_T::n_out], const bias_T bias[CONFIG_T::n_out]) {
    NNET_INLINE // so that the top function's PIPELINE reaches these loops
    for (int position = 0; position < CONFIG_T::out_height * CONFIG_T::out_width; ++position) {
        NNET_UNROLL_BY(CONFIG_T::parallel_positions)
        x_T window[CONFIG_T::n_window];
        y_T pixel[CONFIG_T::n_out];
        NNET_PARTITION(window) // the products of a position read all its values at once
        NNET_PARTITION(pixel)
        for (int cell = 0; cell < CONFIG_T::kernel_height * CONFIG_T::kernel_width; ++cell) {
            const int pixel_index = window_pixel<CONFIG_T>(position, cell);
            for (int c = 0; c < CONFIG_T::channels; ++c) {
                window[cell * CONFIG_T::channels + c] =
                    pixel_index < 0 ? x_T(0) : x[pixel_index * CONFIG_T::channels + c];
            }
        }
        conv_position<CONFIG_T>(window, pixel, weight, bias);
        for (int f = 0; f < CONFIG_T::n_out; ++f) {
            y[position * CONFIG_T::n_out + f] = pixel[f];
        }
    }
}

} // namespace nnet

#endif
