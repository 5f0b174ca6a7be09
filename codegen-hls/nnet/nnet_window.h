#ifndef NNET_WINDOW_H_
#define NNET_WINDOW_H_

// Where the cells of a window lie in an image.

namespace nnet {

// The pixel (row * in_width + column) under cell number `cell` of the window at position number `position`, -1 in the padding.
// Cells and positions are counted row by row.
template <class CONFIG_T> int window_pixel(int position, int cell) {
    const int row = position / CONFIG_T::out_width * CONFIG_T::stride_height - CONFIG_T::pad_top +
                    cell / CONFIG_T::kernel_width * CONFIG_T::dilation_height;
    const int column = position % CONFIG_T::out_width * CONFIG_T::stride_width - CONFIG_T::pad_left +
                       cell % CONFIG_T::kernel_width * CONFIG_T::dilation_width;
    const bool inside = row >= 0 && row < CONFIG_T::in_height && column >= 0 && column < CONFIG_T::in_width;
    return inside ? row * CONFIG_T::in_width + column : -1;
}

} // namespace nnet

#endif
