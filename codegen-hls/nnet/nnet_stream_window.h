#ifndef NNET_STREAM_WINDOW_H_
#define NNET_STREAM_WINDOW_H_

// A window that moves over a stream of pixels. CONFIG_T says image, window and padding as nnet_window.h has it, and what the
// window spans: reach_height and reach_width cells with the gaps of a dilation, buffer_rows = max(reach_height - 1, 1) rows of
// padded_width pixels that are kept. Rows and columns here count from the padding's first one.

#include "nnet_stream.h"

namespace nnet {

template <class CONFIG_T> bool is_inside(int row, int column) {
    return row >= CONFIG_T::pad_top && row < CONFIG_T::pad_top + CONFIG_T::in_height && column >= CONFIG_T::pad_left &&
           column < CONFIG_T::pad_left + CONFIG_T::in_width;
}

// Whether the window that ends at this pixel is one of the positions.
template <class CONFIG_T> bool is_position(int row, int column) {
    const int top = row - (CONFIG_T::reach_height - 1);
    const int left = column - (CONFIG_T::reach_width - 1);
    return top >= 0 && left >= 0 && top % CONFIG_T::stride_height == 0 && left % CONFIG_T::stride_width == 0;
}

// Moves the window to the pixel that has come: `rows` are the last buffer_rows rows, the highest first; `cells` is the window
// with its gaps.
template <class CONFIG_T, class x_T>
void shift_window(x_T rows[CONFIG_T::buffer_rows][CONFIG_T::padded_width][CONFIG_T::channels],
                  x_T cells[CONFIG_T::reach_height][CONFIG_T::reach_width][CONFIG_T::channels],
                  const x_T pixel[CONFIG_T::channels], int column) {
    static const int last_row = CONFIG_T::reach_height - 1;
    static const int last_column = CONFIG_T::reach_width - 1;
    for (int c = 0; c < CONFIG_T::channels; ++c) {
        NNET_UNROLL
        for (int k = 0; k <= last_row; ++k) {
            NNET_UNROLL
            for (int l = 0; l < last_column; ++l) {
                NNET_UNROLL
                cells[k][l][c] = cells[k][l + 1][c];
            }
            cells[k][last_column][c] = k < last_row ? rows[k < last_row ? k : 0][column][c] : pixel[c];
        }
        for (int k = 0; k + 1 < last_row; ++k) {
            NNET_UNROLL
            rows[k][column][c] = rows[k + 1][column][c];
        }
        rows[CONFIG_T::buffer_rows - 1][column][c] = pixel[c];
    }
}

// The window without its gaps, as nnet_conv.h wants it.
template <class CONFIG_T, class x_T>
void take_window(const x_T cells[CONFIG_T::reach_height][CONFIG_T::reach_width][CONFIG_T::channels],
                 x_T window[CONFIG_T::kernel_height * CONFIG_T::kernel_width * CONFIG_T::channels]) {
    for (int k = 0; k < CONFIG_T::kernel_height; ++k) {
        NNET_UNROLL
        for (int l = 0; l < CONFIG_T::kernel_width; ++l) {
            NNET_UNROLL
            for (int c = 0; c < CONFIG_T::channels; ++c) {
                NNET_UNROLL
                window[(k * CONFIG_T::kernel_width + l) * CONFIG_T::channels + c] =
                    cells[k * CONFIG_T::dilation_height][l * CONFIG_T::dilation_width][c];
            }
        }
    }
}

} // namespace nnet

#endif
