#ifndef NNET_STREAM_POOL_H_
#define NNET_STREAM_POOL_H_

// Pooling of streams: cells are converted to accum_t before anything else.

#include "nnet_raw.h"
#include "nnet_stream_window.h"

namespace nnet {

// METHOD of the window's cells inside the image, channel by channel; 0 for a window that lies in the padding as a whole. The
// window's last cell is at (row, column), counted from the padding's first one.
template <class METHOD, class CONFIG_T, class x_T, class y_T>
void pool_position(const x_T window[CONFIG_T::kernel_height * CONFIG_T::kernel_width * CONFIG_T::channels],
                   y_T y[CONFIG_T::channels], int row, int column) {
    typedef typename CONFIG_T::accum_t accum_t;
    static const int cells = CONFIG_T::kernel_height * CONFIG_T::kernel_width;
    for (int c = 0; c < CONFIG_T::channels; ++c) {
        accum_t inside[cells];
        NNET_PARTITION(inside) // all cells of a window are used at once
        int n = 0;
        for (int cell = 0; cell < cells; ++cell) {
            const int k = cell / CONFIG_T::kernel_width;
            const int l = cell % CONFIG_T::kernel_width;
            const int cell_row = row - (CONFIG_T::reach_height - 1) + k * CONFIG_T::dilation_height;
            const int cell_column = column - (CONFIG_T::reach_width - 1) + l * CONFIG_T::dilation_width;
            if (CONFIG_T::is_padded == 0 || is_inside<CONFIG_T>(cell_row, cell_column)) {
                inside[n] = cast<accum_t>(window[cell * CONFIG_T::channels + c]);
                ++n;
            }
        }
        y[c] = n > 0 ? cast<y_T>(METHOD::template of<cells>(inside, n)) : y_T(0);
    }
}

struct largest_of {
    template <int cells, class T> static T of(const T x[cells], int n) {
        T largest = x[0];
        for (int i = 1; i < cells; ++i) {
            if (i < n && x[i] > largest) {
                largest = x[i];
            }
        }
        return largest;
    }
};

// The sum as a balanced tree, each node in T, divided toward zero at T's step.
struct mean_of {
    template <int cells, class T> static T of(T x[cells], int n) {
        for (int level = 0; level < address_bits(cells); ++level) {
            const int step = 1 << level;
            for (int i = 0; i < cells; i += 2) {
                const int left = i * step;
                if (left + step < n) {
                    x[left] = cast<T>(x[left] + x[left + step]);
                }
            }
        }
        return divide_toward_zero(x[0], n);
    }
};

struct running_maximum {
    template <class T> static T next(const T &so_far, const T &x) { return x > so_far ? x : so_far; }
    template <class T> static T end(const T &so_far, int) { return so_far; }
};

struct running_sum {
    template <class T> static T next(const T &so_far, const T &x) { return cast<T>(so_far + x); }
    template <class T> static T end(const T &so_far, int n) { return divide_toward_zero(so_far, n); }
};

// METHOD of a whole image, pixel by pixel, n channels each by itself.
template <class METHOD, class accum_T, class x_T, class y_T, int per_word_in, int per_word_out, int n, int pixels, int bits_in,
          int bits_out>
void pool_image(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    accum_T so_far[n];
    NNET_PARTITION(so_far)
    for (int pixel = 0; pixel < pixels; ++pixel) {
        NNET_PIPELINE_TOKENS(1)
        x_T x[n];
        NNET_PARTITION(x)
        read_token<per_word_in, n>(from, x);
        for (int c = 0; c < n; ++c) {
            const accum_T a = cast<accum_T>(x[c]);
            // The sum's first addition is to 0: the same.
            so_far[c] = pixel == 0 ? a : METHOD::next(so_far[c], a);
        }
    }
    y_T y[n];
    NNET_PARTITION(y)
    for (int c = 0; c < n; ++c) {
        y[c] = cast<y_T>(METHOD::end(so_far[c], pixels));
    }
    write_token<per_word_out, n>(to, y);
}

} // namespace nnet

#endif
