#ifndef NNET_STREAM_H_
#define NNET_STREAM_H_

// Tensors as streams of tokens. A token is the elements of the last axis; it lies in as many words as it needs, `per_word`
// elements in each from bit 0 on, the first elements in the first word. Only the processes know streams: what they call
// computes on arrays.

#include "nnet_common.h"

#include "hls_stream.h"

// NNET_PROCESS(call)      a process of a dataflow region: a plain call, which the HLS compiler runs side by side with the others
// NNET_PROCESSES_END      after the last one
// NNET_STREAM_DEPTH(s, n) after the declaration of a stream: it takes n words
#if defined(NNET_BOUNDED)
#define NNET_PROCESS(...) nnet_sim::start([&]() { __VA_ARGS__; });
#define NNET_PROCESSES_END nnet_sim::finish();
#define NNET_STREAM_DEPTH(stream, n) stream.bound(n, #stream);
#else
#define NNET_PROCESS(...) __VA_ARGS__;
#define NNET_PROCESSES_END
#define NNET_STREAM_DEPTH(stream, n) NNET_FIFO(stream, n)
#endif

namespace nnet {

// The next n elements.
template <int per_word, int n, class x_T, int bits> void read_token(hls::stream<ap_uint<bits> > &stream, x_T x[n]) {
    static const int width = format<x_T>::width;
    for (int first = 0; first < n; first += per_word) {
        NNET_UNROLL
        const ap_uint<bits> word = stream.read();
        for (int i = 0; i < per_word; ++i) {
            NNET_UNROLL
            if (first + i < n) {
                x[first + i] = from_raw<x_T>(ap_uint<width>(word >> (i * width)));
            }
        }
    }
}

template <int per_word, int n, class x_T, int bits>
void write_token(hls::stream<ap_uint<bits> > &stream, const x_T x[n]) {
    static const int width = format<x_T>::width;
    for (int first = 0; first < n; first += per_word) {
        NNET_UNROLL
        ap_uint<bits> word = 0;
        for (int i = 0; i < per_word; ++i) {
            NNET_UNROLL
            if (first + i < n) {
                word |= ap_uint<bits>(raw_of(x[first + i])) << (i * width);
            }
        }
        stream.write(word);
    }
}

// A token of zeros.
template <int n, class x_T> void clear_token(x_T x[n]) {
    for (int i = 0; i < n; ++i) {
        NNET_UNROLL
        x[i] = x_T(0);
    }
}

// All tokens of a tensor, into an array.
template <int per_word, int n, int tokens, class x_T, int bits>
void read_tensor(hls::stream<ap_uint<bits> > &stream, x_T x[tokens * n]) {
    for (int token = 0; token < tokens; ++token) {
        NNET_PIPELINE_TOKENS((n + per_word - 1) / per_word)
        x_T part[n];
        NNET_PARTITION(part)
        read_token<per_word, n>(stream, part);
        for (int i = 0; i < n; ++i) {
            NNET_UNROLL
            x[token * n + i] = part[i];
        }
    }
}

template <int per_word, int n, int tokens, class x_T, int bits>
void write_tensor(hls::stream<ap_uint<bits> > &stream, const x_T x[tokens * n]) {
    for (int token = 0; token < tokens; ++token) {
        NNET_PIPELINE_TOKENS((n + per_word - 1) / per_word)
        x_T part[n];
        NNET_PARTITION(part)
        for (int i = 0; i < n; ++i) {
            NNET_UNROLL
            part[i] = x[token * n + i];
        }
        write_token<per_word, n>(stream, part);
    }
}

// The next `count` tokens of n elements, converted to y_T.
template <class x_T, class y_T, int per_word_in, int per_word_out, int n, int count, int bits_in, int bits_out>
void forward_tokens(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    for (int token = 0; token < count; ++token) {
        NNET_PIPELINE_TOKENS((n + per_word_in - 1) / per_word_in)
        x_T x[n];
        y_T y[n];
        NNET_PARTITION(x)
        NNET_PARTITION(y)
        read_token<per_word_in, n>(from, x);
        for (int i = 0; i < n; ++i) {
            NNET_UNROLL
            y[i] = cast<y_T>(x[i]);
        }
        write_token<per_word_out, n>(to, y);
    }
}

// `units` times n elements, which come in tokens of x_units * n and leave in tokens of y_units * n.
template <class x_T, class y_T, int per_word_in, int per_word_out, int n, int x_units, int y_units, int units, int bits_in,
          int bits_out>
void repack_tokens(hls::stream<ap_uint<bits_in> > &from, hls::stream<ap_uint<bits_out> > &to) {
    x_T x[x_units * n];
    y_T y[y_units * n];
    NNET_PARTITION(x)
    NNET_PARTITION(y)
    for (int unit = 0; unit < units; ++unit) {
        NNET_PIPELINE_TOKENS(1)
        const int x_unit = unit % x_units;
        const int y_unit = unit % y_units;
        if (x_unit == 0) {
            read_token<per_word_in, x_units * n>(from, x);
        }
        for (int i = 0; i < n; ++i) {
            NNET_UNROLL
            y[y_unit * n + i] = cast<y_T>(x[x_unit * n + i]);
        }
        if (y_unit == y_units - 1) {
            write_token<per_word_out, y_units * n>(to, y);
        }
    }
}

} // namespace nnet

#endif
