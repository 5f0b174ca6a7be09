#ifndef NNET_IMAGE_H_
#define NNET_IMAGE_H_

// Sources, for `gather`, of images in another size, channels last. The configuration has in_height, in_width, out_height,
// out_width and channels.

namespace nnet {

// The image moved by CONFIG_T::down and CONFIG_T::right pixels (negative where it is cropped), 0 around it.
template <class CONFIG_T> struct framed_image {
    static int of(int i) {
        const int row = i / CONFIG_T::channels / CONFIG_T::out_width - CONFIG_T::down;
        const int column = i / CONFIG_T::channels % CONFIG_T::out_width - CONFIG_T::right;
        const bool inside = row >= 0 && row < CONFIG_T::in_height && column >= 0 && column < CONFIG_T::in_width;
        return inside ? (row * CONFIG_T::in_width + column) * CONFIG_T::channels + i % CONFIG_T::channels : -1;
    }
};

// Every pixel CONFIG_T::factor_height times down and CONFIG_T::factor_width times across.
template <class CONFIG_T> struct enlarged_image {
    static int of(int i) {
        const int row = i / CONFIG_T::channels / CONFIG_T::out_width / CONFIG_T::factor_height;
        const int column = i / CONFIG_T::channels % CONFIG_T::out_width / CONFIG_T::factor_width;
        return (row * CONFIG_T::in_width + column) * CONFIG_T::channels + i % CONFIG_T::channels;
    }
};

} // namespace nnet

#endif
