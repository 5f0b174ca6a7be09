#ifndef NNET_STREAM_TRACE_H_
#define NNET_STREAM_TRACE_H_

// Traces of a network with streams: as nnet_trace.h. The processes run one after the other then, so that a stream holds a whole
// tensor between them: not together with NNET_BOUNDED.

#include "nnet_stream.h"
#include "nnet_trace.h"

namespace nnet {

// Appends the tensor in the stream, and puts it back.
template <class x_T, int per_word, int n, int tokens, int bits>
void trace_stream(const char *layer, hls::stream<ap_uint<bits> > &stream) {
    x_T *x = new x_T[n * tokens];
    for (int token = 0; token < tokens; ++token) {
        read_token<per_word, n>(stream, x + token * n);
    }
    trace(layer, x, n * tokens);
    for (int token = 0; token < tokens; ++token) {
        write_token<per_word, n>(stream, x + token * n);
    }
    delete[] x;
}

} // namespace nnet

#endif
