#ifndef NNET_STREAM_IMAGE_H_
#define NNET_STREAM_IMAGE_H_

// Images as streams of pixels, row by row: borders, larger images, repeated vectors. A pixel is a token of n elements.

#include "nnet_stream.h"

namespace nnet {

template <int n, class x_T, class y_T> void cast_token(const x_T x[n], y_T y[n]) {
    for (int i = 0; i < n; ++i) {
        y[i] = cast<y_T>(x[i]);
    }
}

// Zeros around an image.
template <class x_T, class y_T, int per_word_in, int per_word_out, int n, int height, int width, int top, int bottom, int left,
          int right, int bits_in, int bits_out>
void pad_image(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    for (int row = 0; row < top + height + bottom; ++row) {
        for (int column = 0; column < left + width + right; ++column) {
            NNET_PIPELINE_TOKENS(1)
            y_T y[n];
            NNET_PARTITION(y)
            if (row >= top && row < top + height && column >= left && column < left + width) {
                x_T x[n];
                NNET_PARTITION(x)
                read_token<per_word_in, n>(from, x);
                cast_token<n>(x, y);
            } else {
                clear_token<n>(y);
            }
            write_token<per_word_out, n>(to, y);
        }
    }
}

// An image without its borders; height and width are the input's.
template <class x_T, class y_T, int per_word_in, int per_word_out, int n, int height, int width, int top, int bottom, int left,
          int right, int bits_in, int bits_out>
void crop_image(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    for (int row = 0; row < height; ++row) {
        for (int column = 0; column < width; ++column) {
            NNET_PIPELINE_TOKENS(1)
            x_T x[n];
            NNET_PARTITION(x)
            read_token<per_word_in, n>(from, x);
            if (row >= top && row < height - bottom && column >= left && column < width - right) {
                y_T y[n];
                NNET_PARTITION(y)
                cast_token<n>(x, y);
                write_token<per_word_out, n>(to, y);
            }
        }
    }
}

// Every pixel `down` times below and `across` times beside itself. The last row is kept until it has left for the last time.
template <class x_T, class y_T, int per_word_in, int per_word_out, int n, int height, int width, int down, int across,
          int bits_in, int bits_out>
void enlarge_image(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    y_T kept[width][n];
    NNET_PARTITION_DIM(kept, 2)
    for (int row = 0; row < height * down; ++row) {
        for (int column = 0; column < width * across; ++column) {
            NNET_PIPELINE_TOKENS(1)
            const int source = column / across;
            y_T y[n];
            NNET_PARTITION(y)
            if (row % down == 0 && column % across == 0) {
                x_T x[n];
                NNET_PARTITION(x)
                read_token<per_word_in, n>(from, x);
                cast_token<n>(x, y);
                for (int i = 0; i < n; ++i) {
                    kept[source][i] = y[i];
                }
            } else {
                for (int i = 0; i < n; ++i) {
                    y[i] = kept[source][i];
                }
            }
            write_token<per_word_out, n>(to, y);
        }
    }
}

// One token `times` times.
template <class x_T, class y_T, int per_word_in, int per_word_out, int n, int times, int bits_in, int bits_out>
void repeat_token(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    y_T y[n];
    NNET_PARTITION(y)
    for (int i = 0; i < times; ++i) {
        NNET_PIPELINE_TOKENS(1)
        if (i == 0) {
            x_T x[n];
            NNET_PARTITION(x)
            read_token<per_word_in, n>(from, x);
            cast_token<n>(x, y);
        }
        write_token<per_word_out, n>(to, y);
    }
}

} // namespace nnet

#endif
