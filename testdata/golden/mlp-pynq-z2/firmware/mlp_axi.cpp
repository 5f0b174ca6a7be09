#include "mlp_axi.h"

#include "nnet_common.h"
#include "nnet_float.h"
#include "nnet_pragmas.h"

namespace wrapper {

static word take(hls::stream<beat> &port) {
    const beat taken = port.read();
#if defined(NNET_WORD_PORTS)
    return taken;
#else
    return (word(taken.last) << 32) | word(taken.data);
#endif
}

static void give(hls::stream<beat> &port, const word &sent) {
#if defined(NNET_WORD_PORTS)
    port.write(sent);
#else
    beat given;
    given.data = ap_uint<32>(sent);
    given.keep = -1;
    given.strb = -1;
    given.last = ap_uint<1>(sent >> 32);
    port.write(given);
#endif
}

// Takes one sample and packs it into the network's input. `closes` tells the stages behind that it ended the batch.
static void read_beats(
    hls::stream<beat> &data_in,
    hls::stream<ap_uint<96> > &x_words,
    hls::stream<ap_uint<1> > &closes
) {
    NNET_INLINE_OFF
    input_type sample[INPUT_SIZE];
    NNET_PARTITION(sample)
    bool ended = false;
    for (unsigned i = 0; i < INPUT_SIZE; i++) {
        NNET_PIPELINE_LOOP(1)
        ap_uint<32> data = 0;
        if (!ended) {
            const word taken = take(data_in);
            data = ap_uint<32>(taken);
            ended = (taken >> 32) != 0;
        }
        // The constructor applies the type's own rounding and overflow.
        sample[i] = input_type(nnet::float_of(data.to_uint()));
    }

    ap_uint<96> x = 0;
    for (unsigned i = 0; i < 6; i++) {
        NNET_UNROLL
        const ap_uint<16> bits = nnet::raw_of(sample[0 + i]);
        x |= ap_uint<96>(bits) << (0 + 16 * i);
    }
    x_words.write(x);

    closes.write(ended);
}

// Computes one sample. Drains without further input: the last sample of a burst must not stay inside.
static void compute(
    hls::stream<ap_uint<96> > &x_words,
    hls::stream<ap_uint<1> > &marks_in,
    hls::stream<ap_uint<48> > &y_words,
    hls::stream<ap_uint<1> > &marks_out
) {
    NNET_PIPELINE_FLUSH(1)
    const ap_uint<1> mark = marks_in.read();
    const ap_uint<96> x = x_words.read();
    ap_uint<48> y;
    mlp(x, &y);
    y_words.write(y);
    marks_out.write(mark);
}

// Unpacks one result and sends it, an element a beat.
static void write_beats(
    hls::stream<ap_uint<48> > &y_words,
    hls::stream<ap_uint<1> > &closes,
    hls::stream<beat> &data_out
) {
    NNET_INLINE_OFF
    output_type result[OUTPUT_SIZE];
    NNET_PARTITION(result)
    const ap_uint<48> y = y_words.read();
    for (unsigned i = 0; i < 3; i++) {
        NNET_UNROLL
        const ap_uint<16> bits = ap_uint<16>(y >> (0 + 16 * i));
        result[0 + i] = nnet::from_raw<output_type>(bits);
    }
    const bool close = closes.read() != 0;
    for (unsigned i = 0; i < OUTPUT_SIZE; i++) {
        NNET_PIPELINE_LOOP(1)
        word sent = nnet::bits_of(float(result[i]));
        if (close && i + 1 == OUTPUT_SIZE) {
            sent |= word(1) << 32;
        }
        give(data_out, sent);
    }
}

} // namespace wrapper

void mlp_axi(hls::stream<wrapper::beat> &data_in, hls::stream<wrapper::beat> &data_out) {
    NNET_INTERFACE_AXIS(data_in)
    NNET_INTERFACE_AXIS(data_out)
    NNET_INTERFACE_FREE
    NNET_DATAFLOW
    hls::stream<ap_uint<96> > x_words;
    hls::stream<ap_uint<48> > y_words;
    hls::stream<ap_uint<1> > marks_in;
    hls::stream<ap_uint<1> > marks_out;

    wrapper::read_beats(data_in, x_words, marks_in);
    wrapper::compute(x_words, marks_in, y_words, marks_out);
    wrapper::write_beats(y_words, marks_out, data_out);
}
